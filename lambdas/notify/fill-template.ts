/** Values of a message's placeholders. */
export type Variables = Readonly<Record<string, string>>;

/**
 * Fills the `{name}` placeholders of a text. A name that ends in `_at` is an instant, written as wall time in the zone of
 * the variable `time_zone`. Throws on a variable that is missing: nobody shall read a placeholder.
 *
 * @param locale BCP 47, decides how a time is written
 */
export function fillTemplate(text: string, variables: Variables, locale: string): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => readValue(name, variables, locale));
}

/** One variable as people read it. */
export function readValue(name: string, variables: Variables, locale: string): string {
  const value = variables[name];
  if (value === undefined) throw new Error(`The message has no variable ${name}.`);
  if (!name.endsWith('_at')) return value;
  return new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: variables.time_zone ?? 'UTC',
  }).format(new Date(value));
}
