/** What a template, an event or a Lambda's answer is made of. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json | undefined };
export type JsonObject = { [key: string]: Json | undefined };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a property that a template must have resolved to a string (numbers are written out). */
export function text(value: Json | undefined, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`The template gives no text for ${what}.`);
}

/** A number, which CloudFormation also accepts as a string of digits. */
export function number(value: Json | undefined, fallback: number): number {
  if (value === undefined || value === null) return fallback;
  return Number(value);
}

/** A list, which IAM also lets one write as its only element. */
export function list(value: Json | undefined): Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** The object at a property, or an empty one. */
export function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}
