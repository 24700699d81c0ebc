type Fields = Readonly<Record<string, unknown>>;

/**
 * Writes one JSON line. Callers hand in identifiers and numbers only: a token, password, one-time code, phone number or
 * e-mail address never goes into a log.
 */
function write(level: 'info' | 'warn' | 'error', message: string, fields: Fields): void {
  process.stdout.write(`${JSON.stringify({ level, message, time: new Date().toISOString(), ...fields })}\n`);
}

export const log = {
  info: (message: string, fields: Fields = {}) => write('info', message, fields),
  warn: (message: string, fields: Fields = {}) => write('warn', message, fields),
  error: (message: string, fields: Fields = {}) => write('error', message, fields),
};

/** An error as log fields: name, message and stack, and the same of what caused it. */
export function describeError(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: String(error) };
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
  return { error: error.name, detail: error.message, stack: error.stack, ...cause };
}
