/** Whether a policy's `*` and `?` wildcards cover a name. Actions ignore case, ARNs do not. */
export function matchName(pattern: string, name: string, ignoreCase = false): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, ignoreCase ? 'is' : 's').test(name);
}
