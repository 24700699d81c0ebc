/** An HTTP response as the gateway sends it. */
export type GatewayResponse = {
  status: number;
  headers: Record<string, string>;
  cookies: string[];
  body: Buffer;
};

/** The gateway's own answers: a JSON message and nothing else. */
export function gatewayMessage(status: number, message: string): GatewayResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    cookies: [],
    body: Buffer.from(JSON.stringify({ message })),
  };
}

/**
 * Reads a Lambda's answer by the rules of payload format 2.0: an object with a `statusCode` describes the response,
 * anything else is the body of a 200 in JSON. An object that describes no valid response is an internal error.
 *
 * @param payload the answer's JSON
 */
export function readAnswer(payload: string): GatewayResponse {
  const answer: unknown = JSON.parse(payload);
  if (typeof answer !== 'object' || answer === null || !('statusCode' in answer)) {
    const body = typeof answer === 'string' ? answer : payload;
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      cookies: [],
      body: Buffer.from(body),
    };
  }
  const { statusCode, headers, cookies, body, isBase64Encoded } = answer as Record<string, unknown>;
  const status = Number(statusCode);
  const bodyIsText = body === undefined || body === null || typeof body === 'string';
  if (!Number.isInteger(status) || status < 100 || status > 599 || !bodyIsText)
    return gatewayMessage(500, 'Internal Server Error');
  const lowered: Record<string, string> = {};
  for (const [name, value] of Object.entries((headers ?? {}) as Record<string, unknown>)) {
    if (value !== undefined && value !== null) lowered[name.toLowerCase()] = String(value);
  }
  lowered['content-type'] ??= 'text/plain;charset=UTF-8';
  return {
    status,
    headers: lowered,
    cookies: Array.isArray(cookies) ? cookies.map(String) : [],
    body: Buffer.from(typeof body === 'string' ? body : '', isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}
