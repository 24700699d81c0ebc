import * as z from 'zod/mini';
import { common, type FieldError, Refusal } from './refusal.ts';
import { type Request, readJson } from './request.ts';
import type { HttpContract } from './use-case.ts';

/** A body of 1 MiB can be wrong in 100,000 places, which makes an answer that Lambda does not carry. */
const MOST_ERRORS = 50;

/**
 * The input of a use case from path, query and body, validated. Throws invalid_input that names each wrong field, or
 * not_found when it is the path that names nothing.
 */
export function readInput(request: Request, contract: HttpContract): unknown {
  const names = pathNames(contract.path);
  const fromPath = Object.fromEntries(names.map(name => [name, request.path[name]]));
  const rest = readRest(request, contract);
  if (typeof rest !== 'object' || rest === null || Array.isArray(rest)) {
    throw new Refusal(common.invalid_input, {
      errors: [{ field: 'body', code: 'invalid_type', message: 'must be a JSON object' }],
    });
  }
  const claimed = names.find(name => Object.hasOwn(rest, name));
  const candidate = { ...rest, ...fromPath };
  const parsed = z.safeParse(contract.input, candidate);
  if (parsed.success && claimed === undefined) return parsed.data;
  const errors = (parsed.error?.issues ?? []).flatMap(issue => fieldErrors(issue, candidate));
  if (claimed !== undefined)
    errors.push({ field: claimed, code: 'unknown_field', message: 'belongs in the path' });
  const pathOnly = errors.every(error => names.includes(error.field)) && claimed === undefined;
  throw new Refusal(pathOnly ? common.not_found : common.invalid_input, {
    errors: errors.slice(0, MOST_ERRORS),
  });
}

function readRest(request: Request, contract: HttpContract): unknown {
  if (contract.webhook) return {};
  return readsQuery(contract) ? coerceQuery(request.query, contract.input) : readJson(request);
}

/** `{space_id}` and the like in a route's path. */
export const pathNames = (path: string): string[] =>
  [...path.matchAll(/\{(\w+)\+?\}/g)].map(match => match[1] ?? '');

/** GET and DELETE take their fields from the query, the others from the body, and a DELETE that says so. */
export const readsQuery = (contract: HttpContract): boolean =>
  contract.method === 'GET' || (contract.method === 'DELETE' && !contract.body);

/** Query strings know only text: what the schema wants as number, boolean or list is read as such where it can be. */
function coerceQuery(query: Request['query'], input: z.ZodMiniObject): Record<string, unknown> {
  // A client may name what every object inherits, such as `constructor`.
  const fieldOf = (name: string) => (Object.hasOwn(input.shape, name) ? input.shape[name] : undefined);
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, coerce(value ?? '', coreType(fieldOf(name)))]),
  );
}

function coerce(value: string, type: string): unknown {
  if (type === 'number' && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  if (type === 'array') return value.split(',');
  return value;
}

/** The type under optional, nullable and default. */
function coreType(schema: z.core.$ZodType | undefined): string {
  const def = schema?._zod.def as { type: string; innerType?: z.core.$ZodType } | undefined;
  return def?.innerType ? coreType(def.innerType) : (def?.type ?? 'unknown');
}

function fieldErrors(issue: z.core.$ZodIssue, candidate: unknown): FieldError[] {
  const at = (...more: PropertyKey[]) => [...issue.path, ...more].map(String).join('.') || 'body';
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({
      field: at(key),
      code: 'unknown_field',
      message: 'is not a field of this request',
    }));
  }
  const value = issue.path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown>)?.[key],
    candidate,
  );
  if (value === undefined) return [{ field: at(), code: 'required', message: 'is required' }];
  return [{ field: at(), code: issue.code, message: explain(issue) }];
}

function explain(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${article(issue.expected)}`;
    case 'too_small':
      return `must ${bound(issue.origin)} at least ${issue.minimum}${unit(issue.origin)}`;
    case 'too_big':
      return `must ${bound(issue.origin)} at most ${issue.maximum}${unit(issue.origin)}`;
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'has the wrong form';
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    default:
      return issue.message === 'Invalid input' ? 'is not valid' : issue.message;
  }
}

const FORMATS: Readonly<Record<string, string>> = {
  email: 'must be an e-mail address',
  uuid: 'must be a UUID',
  datetime: 'must be an ISO 8601 instant with an offset, such as 2026-11-21T18:00:00Z',
  date: 'must be an ISO 8601 date, such as 2026-11-21',
  url: 'must be a URL',
};

const article = (type: string) => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);
const sized = (origin: string) => origin === 'string' || origin === 'array';
const bound = (origin: string) => (sized(origin) ? 'have' : 'be');
const unit = (origin: string) => (origin === 'string' ? ' characters' : origin === 'array' ? ' items' : '');
