/** As much of JSON Schema as zod writes. */
export type JsonSchema = {
  type?: string;
  format?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  examples?: unknown[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  additionalProperties?: boolean | JsonSchema;
};

/**
 * A value of a schema, put together from the examples of its fields.
 *
 * @throws Error naming the field that has none, so that the API reference is never without one
 */
export function exampleOf(schema: JsonSchema, field: string): unknown {
  if (schema.examples) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  const branch = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].find(
    ({ type }) => type !== 'null',
  );
  if (branch) return exampleOf(branch, field);
  if (schema.type === 'array') return [exampleOf(schema.items ?? {}, `${field}[]`)];
  if (schema.type === 'object') {
    return Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([name, inner]) => [
        name,
        exampleOf(inner, `${field}.${name}`),
      ]),
    );
  }
  throw new Error(`The field ${field} has no example: give its type one with z.meta({ examples: […] }).`);
}
