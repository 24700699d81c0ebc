/** A field of the input that a problem is about, as a path: `from`, `location.latitude`. */
export type FieldError = { field: string; code: string; message: string };

/** How a refusal reaches the client. */
export type RefusalSpec = { code: string; status: number; message: string; field?: string };

/** Name of a constraint, or a code raised by a SQL function or by `refuse()`, to what the client is told. */
export type RefusalMap = Readonly<Record<string, RefusalSpec>>;

/**
 * Declares what a refusal tells the client.
 *
 * @param code stable, snake_case: clients switch on it
 * @param status HTTP status below 500
 * @param message one sentence for a person
 * @param field the input field that the refusal is about, where there is one
 */
export function refuse(code: string, status: number, message: string, field?: string): RefusalSpec {
  return { code, status, message, field };
}

/** The one error class: the answer is a problem document of this code. Everything else becomes a masked 500. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;
  /** What else the client is told: further members of the problem document. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    spec: RefusalSpec,
    more: {
      errors?: readonly FieldError[];
      headers?: Record<string, string>;
      facts?: Readonly<Record<string, unknown>>;
      cause?: unknown;
    } = {},
  ) {
    super(spec.message, { cause: more.cause });
    this.name = 'Refusal';
    this.code = spec.code;
    this.status = spec.status;
    this.errors =
      more.errors ?? (spec.field ? [{ field: spec.field, code: spec.code, message: spec.message }] : []);
    this.headers = more.headers ?? {};
    this.facts = more.facts ?? {};
  }
}

/** Refusals that any use case may meet, whatever it declares. The API reference lists them for every route. */
export const common = {
  malformed_json: refuse('malformed_json', 400, 'The body is not valid JSON.'),
  invalid_input: refuse('invalid_input', 400, 'Some fields are missing or wrong.'),
  unauthenticated: refuse('unauthenticated', 401, 'Sign in to do this.'),
  invalid_token: refuse('invalid_token', 401, 'The access token is not valid here.'),
  session_ended: refuse('session_ended', 401, 'The session has ended. Sign in again.'),
  account_suspended: refuse('account_suspended', 403, 'This account is suspended.'),
  account_pending: refuse('account_pending', 403, 'Confirm your phone number by a code first.'),
  forbidden: refuse('forbidden', 403, 'Your account may not do this.'),
  two_factor_required: refuse('two_factor_required', 403, 'Staff sign in with a second factor to do this.'),
  step_up_required: refuse(
    'step_up_required',
    403,
    'Show your second factor again first: POST /api/v1/auth/two-factor/step-up.',
  ),
  impersonation_read_only: refuse(
    'impersonation_read_only',
    403,
    'Somebody else’s account can be looked at, not acted for.',
  ),
  owner_only: refuse('owner_only', 403, 'This is for the eyes of the person alone.'),
  ability_missing: refuse('ability_missing', 403, 'The abilities of this token do not reach that far.'),
  session_required: refuse(
    'session_required',
    403,
    'This takes a signed-in session, not a personal access token.',
  ),
  not_found: refuse('not_found', 404, 'There is nothing here, or nothing that you may see.'),
  payload_too_large: refuse(
    'payload_too_large',
    413,
    'The body is larger than this route takes, which is 1 MiB where it says nothing else.',
  ),
  unsupported_media_type: refuse('unsupported_media_type', 415, 'Send the body as application/json.'),
  idempotency_key_reused: refuse(
    'idempotency_key_reused',
    422,
    'This Idempotency-Key was used for another request.',
    'Idempotency-Key',
  ),
  too_many_requests: refuse('too_many_requests', 429, 'Too many requests. Try again later.'),
  internal_error: refuse('internal_error', 500, 'Something went wrong on our side.'),
  timed_out: refuse('timed_out', 503, 'This took too long. Try again with the same Idempotency-Key.'),
  marketplace_closed: refuse(
    'marketplace_closed',
    503,
    'We are working on the service. Come back in a while.',
  ),
  unavailable: refuse('unavailable', 503, 'The service is waking up. Try again in a moment.'),
} as const satisfies RefusalMap;
