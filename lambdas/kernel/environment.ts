/** The value of an environment variable that the infrastructure sets. Throws when it is missing. */
export function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`The environment variable ${name} is not set.`);
  return value;
}
