/** What goes back to the client. */
export type Answer = { status: number; headers: Record<string, string>; body: string | Buffer };

/** An error that the SDK's clients parse into an exception of this name. */
export class AwsError extends Error {
  readonly status: number;
  readonly more: Readonly<Record<string, unknown>>;

  /** @param more fields of the exception beside its message */
  constructor(name: string, status: number, message: string, more: Record<string, unknown> = {}) {
    super(message);
    this.name = name;
    this.status = status;
    this.more = more;
  }
}

/** The answer of the JSON protocols: REST JSON and AWS JSON 1.0 and 1.1. */
export function json(body: unknown, status = 200): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** An error of the JSON protocols: REST JSON reads the header, AWS JSON the body's `__type`. */
export function jsonError(error: AwsError): Answer {
  const answer = json({ __type: error.name, message: error.message, ...error.more }, error.status);
  return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': error.name } };
}

/** An error of SNS, which answers in XML. */
export function queryError(error: AwsError): Answer {
  const type = error.status < 500 ? 'Sender' : 'Receiver';
  return {
    status: error.status,
    headers: { 'content-type': 'text/xml' },
    body: `<ErrorResponse><Error><Type>${type}</Type>${codeAndMessage(error)}</Error></ErrorResponse>`,
  };
}

/** An error of S3. */
export function s3Error(error: AwsError): Answer {
  return {
    status: error.status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?><Error>${codeAndMessage(error)}</Error>`,
  };
}

const codeAndMessage = (error: AwsError): string =>
  `<Code>${escapeXml(error.name)}</Code><Message>${escapeXml(error.message)}</Message>`;

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as it stands between two tags or in an attribute of XML. */
export const escapeXml = (text: string): string => text.replaceAll(/[&<>"]/g, sign => entities[sign] ?? sign);
