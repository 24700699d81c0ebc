import { pathNames, readsQuery } from '../lambdas/kernel/input.ts';
import { common, type RefusalSpec } from '../lambdas/kernel/refusal.ts';
import type { HttpContract } from '../lambdas/kernel/use-case.ts';
import type { JsonSchema } from './example.ts';

/** The schema of a problem document. */
export const PROBLEM: JsonSchema = {
  type: 'object',
  description: 'RFC 9457 problem details. Switch on `code`; `errors` names the fields that are at fault.',
  properties: {
    type: { type: 'string', format: 'uri', examples: ['urn:vicinity:problem:invalid_input'] },
    title: { type: 'string', examples: ['Some fields are missing or wrong.'] },
    status: { type: 'integer', examples: [400] },
    code: { type: 'string', examples: ['invalid_input'] },
    request_id: { type: 'string', examples: ['Qh3xJ-pRIAMEJpQ='] },
    account_status: {
      type: 'string',
      description: 'With `account_suspended`: suspended, banned or deleted.',
      examples: ['suspended'],
    },
    reason: {
      anyOf: [{ type: 'string' }, { type: 'null' }],
      description: 'With `account_suspended`: what staff wrote for the person.',
      examples: ['Two guests reported that the driveway does not exist.'],
    },
    until: {
      anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }],
      description: 'With `account_suspended`: when it ends by itself; null where only staff ends it.',
      examples: ['2026-12-01T00:00:00.000Z'],
    },
    challenge: {
      type: 'string',
      description:
        'With `second_factor_required`: shown with the code to POST /api/v1/auth/two-factor/verify.',
      examples: ['q1Zr0kqkXh3dS8mJ7vUoYc2nT5wLgB9eFpA4iRxMsEk'],
    },
    expires_in: {
      type: 'integer',
      description: 'With `second_factor_required`: the seconds for which the challenge stands.',
      examples: [300],
    },
    attempts_left: {
      type: 'integer',
      description: 'With `wrong_code`: how often another one may be tried.',
      examples: [4],
    },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          field: { type: 'string', examples: ['from'] },
          code: { type: 'string', examples: ['required'] },
          message: { type: 'string', examples: ['is required'] },
        },
        required: ['field', 'code', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'code', 'request_id'],
};

/** Every way in which a route may refuse: OpenAPI responses by status, each code with an example. */
export function problems(contract: HttpContract) {
  const refusals = [...new Map(refusalsOf(contract).map(spec => [spec.code, spec])).values()];
  const byStatus = Map.groupBy(refusals, spec => spec.status);
  return Object.fromEntries(
    [...byStatus].map(([status, specs]) => [
      status,
      {
        description: specs.map(spec => `\`${spec.code}\`: ${spec.message}`).join('\n\n'),
        content: {
          'application/problem+json': {
            schema: { $ref: '#/components/schemas/Problem' },
            examples: Object.fromEntries(specs.map(spec => [spec.code, { value: problemExample(spec) }])),
          },
        },
      },
    ]),
  );
}

function problemExample({ code, status, message, field }: RefusalSpec) {
  const errors = field ? { errors: [{ field, code, message }] } : {};
  return {
    type: `urn:vicinity:problem:${code}`,
    title: message,
    status,
    code,
    request_id: 'Qh3xJ-pRIAMEJpQ=',
    ...errors,
  };
}

function refusalsOf(contract: HttpContract): RefusalSpec[] {
  const always = [
    common.invalid_input,
    common.too_many_requests,
    common.internal_error,
    common.unavailable,
    common.timed_out,
  ];
  const body = [common.malformed_json, common.payload_too_large, common.unsupported_media_type];
  const open = contract.access.kind === 'everyone';
  const token = [common.invalid_token, common.session_ended, common.account_suspended];
  return [
    ...Object.values(contract.refusals),
    ...always,
    ...(readsQuery(contract) ? [] : body),
    ...(open ? [] : [common.unauthenticated]),
    // A route for everyone still judges a token that comes along, unless it hands out credentials itself.
    ...(open && contract.credentials ? [] : token),
    ...(!open && contract.method !== 'GET' ? [common.impersonation_read_only] : []),
    ...(contract.owner_only ? [common.owner_only] : []),
    ...(contract.presence || (contract.credentials && !open) ? [common.session_required] : []),
    ...(contract.presence === 'second_factor' ? [common.step_up_required] : []),
    ...(contract.access.kind === 'permitted' ? [common.forbidden, common.two_factor_required] : []),
    ...(pathNames(contract.path).length > 0 ? [common.not_found] : []),
    ...(contract.method === 'POST' && !contract.credentials ? [common.idempotency_key_reused] : []),
  ];
}
