import * as z from 'zod/mini';
import { pathNames, readsQuery } from '../lambdas/kernel/input.ts';
import { common, type RefusalSpec } from '../lambdas/kernel/refusal.ts';
import type { HttpContract } from '../lambdas/kernel/use-case.ts';
import type { Marketplace } from '../marketplaces/marketplace.ts';
import { exampleOf, type JsonSchema } from './example.ts';

/** A route as the reference needs it. `name` is the use case's file name. */
export type Operation = { contract: HttpContract; module: string; name: string };

const PROBLEM: JsonSchema = {
  type: 'object',
  description: 'RFC 9457 problem details. Switch on `code`; `errors` names the fields that are at fault.',
  properties: {
    type: { type: 'string', format: 'uri', examples: ['urn:vicinity:problem:invalid_input'] },
    title: { type: 'string', examples: ['Some fields are missing or wrong.'] },
    status: { type: 'integer', examples: [400] },
    code: { type: 'string', examples: ['invalid_input'] },
    request_id: { type: 'string', examples: ['Qh3xJ-pRIAMEJpQ='] },
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

/** Every way in which the route may refuse, by status, each with its code and an example. */
function problems(contract: HttpContract) {
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
  const person = [
    common.unauthenticated,
    common.invalid_token,
    common.session_ended,
    common.account_suspended,
  ];
  return [
    ...Object.values(contract.refusals),
    ...always,
    ...(readsQuery(contract) ? [] : body),
    ...(contract.access.kind === 'everyone' ? [] : person),
    ...(contract.access.kind === 'permitted' ? [common.forbidden] : []),
    ...(pathNames(contract.path).length > 0 ? [common.not_found] : []),
    ...(contract.method === 'POST' && !contract.credentials ? [common.idempotency_key_reused] : []),
  ];
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
