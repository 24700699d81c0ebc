import * as z from 'zod/mini';
import { AwsError } from '../answer.ts';
import type { AwsRequest } from '../request.ts';

/** The policy of a presigned form: each field must fit a condition, and each condition must hold. */
const Policy = z.object({
  expiration: z.string(),
  conditions: z.array(
    z.union([
      z.record(z.string(), z.string()),
      z.tuple([z.literal('content-length-range'), z.number(), z.number()]),
      z.tuple([z.enum(['eq', 'starts-with']), z.string(), z.string()]),
    ]),
  ),
});

/** Fields that S3 asks no condition for. */
const FREE = new Set(['policy', 'x-amz-signature', 'file', 'submit']);

export const isForm = ({ method, headers }: AwsRequest): boolean =>
  method === 'POST' && (headers['content-type']?.startsWith('multipart/form-data') ?? false);

/**
 * Checks what was posted against the form's policy, as S3 does before it takes the file. The signature is not verified, as
 * nowhere in this endpoint.
 *
 * @throws AwsError AccessDenied, EntityTooLarge or EntityTooSmall, in S3's words
 */
export async function checkPostPolicy(request: AwsRequest, now: Date): Promise<void> {
  const form = await new Response(new Uint8Array(request.body), { headers: request.headers }).formData();
  const fields = new Map<string, string>();
  let size = 0;
  for (const [name, value] of form) {
    if (typeof value === 'string') fields.set(name.toLowerCase(), value);
    else size = value.size;
  }
  const policy = readPolicy(fields.get('policy') ?? '');
  if (new Date(policy.expiration) <= now) throw denied('Policy expired.');
  const named = new Set<string>(['bucket']);
  for (const condition of policy.conditions) {
    if (!Array.isArray(condition)) {
      for (const [name, value] of Object.entries(condition)) {
        named.add(name.toLowerCase());
        if (name === 'bucket') {
          if (request.path.split('/')[1] !== value) throw denied('Policy Condition failed: bucket');
        } else expectField(fields, name, sent => sent === value, ['eq', `$${name}`, value]);
      }
    } else if (condition[0] === 'content-length-range') {
      const [, least, most] = condition;
      if (size > most)
        throw new AwsError(
          'EntityTooLarge',
          400,
          'Your proposed upload exceeds the maximum allowed object size.',
        );
      if (size < least) {
        throw new AwsError(
          'EntityTooSmall',
          400,
          'Your proposed upload is smaller than the minimum allowed object size.',
        );
      }
    } else {
      const [operator, name, value] = condition;
      named.add(name.slice(1).toLowerCase());
      const fits = (sent: string) => (operator === 'eq' ? sent === value : sent.startsWith(value));
      expectField(fields, name.slice(1), fits, condition);
    }
  }
  for (const name of fields.keys()) {
    if (!named.has(name) && !FREE.has(name) && !name.startsWith('x-ignore-')) {
      throw denied(`Extra input fields: ${name}`);
    }
  }
}

function expectField(
  fields: ReadonlyMap<string, string>,
  name: string,
  fits: (sent: string) => boolean,
  condition: unknown,
): void {
  const sent = fields.get(name.toLowerCase());
  if (sent === undefined || !fits(sent))
    throw denied(`Policy Condition failed: ${JSON.stringify(condition)}`);
}

function readPolicy(encoded: string): z.output<typeof Policy> {
  try {
    return Policy.parse(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')));
  } catch (error) {
    const refusal = new AwsError('InvalidPolicyDocument', 400, 'The policy of the form cannot be read.');
    throw Object.assign(refusal, { cause: error });
  }
}

const denied = (reason: string) =>
  new AwsError('AccessDenied', 403, `Invalid according to Policy: ${reason}`);
