import * as z from 'zod/mini';
import { pathNames, readsQuery } from '../lambdas/kernel/input.ts';
import type { HttpContract } from '../lambdas/kernel/use-case.ts';
import type { Marketplace } from '../marketplaces/marketplace.ts';
import { exampleOf, type JsonSchema } from './example.ts';
import { PROBLEM, problems } from './problems.ts';

/** A route as the reference needs it. `name` is the use case's file name. */
export type Operation = { contract: HttpContract; module: string; name: string };

/** The OpenAPI 3.1 document of a marketplace: every route that it answers, from the declarations of the use cases. */
export function describeApi(marketplace: Marketplace, operations: readonly Operation[]) {
  const offered = operations.filter(
    ({ contract }) =>
      contract.path !== '$default' && (!contract.module || marketplace.modules.includes(contract.module)),
  );
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of offered) {
    const { method, path } = operation.contract;
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(operation) };
  }
  return {
    openapi: '3.1.0',
    info: { title: `${marketplace.name} API`, version: '1', description: `${marketplace.tagline}.` },
    // Relative to this document, since a marketplace stands under a stage or under a domain of its own.
    servers: [{ url: './' }],
    tags: [...new Set(offered.map(({ module }) => module))].map(name => ({ name })),
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: PROBLEM },
    },
  };
}

function describeOperation({ contract, module, name }: Operation) {
  const input = schemaOf(contract.input, 'input');
  const body = readsQuery(contract) ? undefined : bodyOf(input, contract);
  const open = contract.access.kind === 'everyone';
  return {
    operationId: name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
    summary: contract.summary,
    tags: [module],
    ...(open ? {} : { security: [{ bearer: [] }] }),
    ...(contract.access.kind === 'permitted'
      ? { description: `Needs the permission \`${contract.access.permission}\`.` }
      : {}),
    parameters: parametersOf(input, contract),
    ...(body ? { requestBody: body } : {}),
    responses: { [contract.status]: success(contract), ...problems(contract) },
  };
}

function parametersOf(input: JsonSchema, contract: HttpContract) {
  const names = pathNames(contract.path);
  const fields = Object.entries(input.properties ?? {}).filter(
    ([name]) => names.includes(name) || readsQuery(contract),
  );
  const parameters = fields.map(([name, schema]) => ({
    name,
    in: names.includes(name) ? 'path' : 'query',
    required: input.required?.includes(name) ?? false,
    schema,
    example: exampleOf(schema, `${contract.method} ${contract.path} ${name}`),
  }));
  const header = (name: string, description: string, example: string) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
    example,
  });
  if (contract.method === 'POST' && !contract.credentials) {
    parameters.push(
      header(
        'Idempotency-Key',
        'A repeat within 24 hours gets the first answer.',
        '5f0c1c4e-9a77-4a3e-8f4b-0a8f6f6f3d11',
      ),
    );
  }
  if (contract.cache)
    parameters.push(header('If-None-Match', 'The ETag of an answer that you hold.', '"3vQx0m9bq1p2"'));
  return parameters;
}

function bodyOf(input: JsonSchema, contract: HttpContract) {
  const names = pathNames(contract.path);
  const properties = Object.fromEntries(
    Object.entries(input.properties ?? {}).filter(([name]) => !names.includes(name)),
  );
  if (Object.keys(properties).length === 0) return undefined;
  const required = (input.required ?? []).filter(name => !names.includes(name));
  const schema = { ...input, properties, required };
  return {
    required: required.length > 0,
    content: {
      'application/json': { schema, example: exampleOf(schema, `${contract.method} ${contract.path} body`) },
    },
  };
}

function success(contract: HttpContract) {
  const replayed = contract.method === 'POST' && !contract.credentials;
  const headers = {
    ...(contract.cache ? { ETag: { schema: { type: 'string' } } } : {}),
    ...(replayed
      ? { 'Idempotency-Replayed': { description: '`true` on a repeat.', schema: { type: 'string' } } }
      : {}),
  };
  if (contract.status === 204) return { description: 'Done', headers };
  if (contract.raw) return { description: contract.summary, headers };
  const schema = schemaOf(contract.output, 'output');
  return {
    description: contract.summary,
    headers,
    content: {
      'application/json': {
        schema,
        example: exampleOf(schema, `${contract.method} ${contract.path} answer`),
      },
    },
  };
}

/** Patterns of formats are noise to a reader: the format says it. */
export function schemaOf(schema: z.ZodMiniType, io: 'input' | 'output'): JsonSchema {
  const described = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema.format) delete jsonSchema.pattern;
    },
  });
  const { $schema: _, ...rest } = described as JsonSchema & { $schema?: string };
  return rest;
}
