/** The elements of a PostgreSQL array in its text form, `{1,NULL,"a b"}`; undefined where it has more dimensions. */
export function readArray(text: string): (string | null)[] | undefined {
  // Bounds other than 1 stand before the braces: `[0:2]={…}`.
  const body = text.replace(/^[^{]*=/, '').slice(1, -1);
  if (body.startsWith('{')) return undefined;
  const elements: (string | null)[] = [];
  for (const [, quoted, plain] of body.matchAll(/"((?:[^"\\]|\\.)*)"|([^,{}"]+)/gs)) {
    if (quoted !== undefined) elements.push(quoted.replaceAll(/\\(.)/gs, '$1'));
    else elements.push(plain === undefined || plain.toUpperCase() === 'NULL' ? null : plain);
  }
  return elements;
}
