/** A log line of a Lambda. */
export type LogLine = {
  message: string;
  level: string;
  route?: string;
  status?: number;
  trips?: number;
} & Record<string, unknown>;

const KEPT = 5_000;
const lines: LogLine[] = [];

/** Keeps a line that a Lambda wrote. */
export function keepLog(text: string): void {
  lines.push(JSON.parse(text) as LogLine);
  if (lines.length > KEPT) lines.splice(0, lines.length - KEPT);
}

/** What the Lambdas have logged while `work` ran. */
export async function logsOf(work: () => Promise<unknown>): Promise<LogLine[]> {
  lines.length = 0;
  await work();
  return [...lines];
}

/** The line that the Lambda wrote about one request. */
export function logOfRequest(requestId: string): LogLine | undefined {
  return lines.findLast(line => line.message === 'request' && line.request_id === requestId);
}
