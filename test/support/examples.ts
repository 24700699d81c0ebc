import { pathNames, readsQuery } from '../../lambdas/kernel/input.ts';
import type { HttpContract } from '../../lambdas/kernel/use-case.ts';
import { exampleOf } from '../../lib/example.ts';
import { schemaOf } from '../../lib/openapi.ts';

/** A request to a route with the example of each of its fields, as the API reference shows it. */
export type Example = { path: string; query: string; body: Record<string, unknown> | undefined };

/** The example of a route, with some fields changed. */
export function exampleRequest(contract: HttpContract, change: Record<string, unknown> = {}): Example {
  const input = exampleOf(schemaOf(contract.input, 'input'), contract.path) as Record<string, unknown>;
  const fields: Record<string, unknown> = { ...input, ...change };
  const names = pathNames(contract.path);
  const path = names.reduce(
    (text, name) => text.replace(`{${name}}`, encodeURIComponent(String(fields[name]))),
    contract.path,
  );
  const rest = Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
  if (!readsQuery(contract)) return { path, query: '', body: rest };
  // Cursors of examples belong to no list.
  const { cursor: _, ...query } = rest;
  return { path, query: new URLSearchParams(query as Record<string, string>).toString(), body: undefined };
}

/** Names of a route's fields that hold text of the client's choice, as paths: `location.latitude` is none. */
export function textFields(contract: HttpContract): string[] {
  const { properties = {} } = schemaOf(contract.input, 'input');
  return Object.entries(properties).flatMap(([name, schema]) => (schema.type === 'string' ? [name] : []));
}
