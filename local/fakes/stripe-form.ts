/** A value of a form whose names have brackets: `a[b]=1` is `{ a: { b: '1' } }`, `a[0]=1` a list. */
export type Form = { [name: string]: string | Form };

/** Reads Stripe's way of writing objects as form fields. */
export function readForm(form: URLSearchParams): Form {
  const read: Form = {};
  for (const [name, value] of form) {
    const path = name.split(/[[\]]+/).filter(part => part !== '');
    const last = path.pop() ?? name;
    let at = read;
    for (const part of path) {
      const next = at[part];
      const inner = typeof next === 'object' ? next : {};
      at[part] = inner;
      at = inner;
    }
    at[last] = value;
  }
  return read;
}

export const formOf = (value: string | Form | undefined): Form => (typeof value === 'object' ? value : {});

export const textIn = (value: string | Form | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** A whole number, or NaN. */
export const wholeIn = (value: string | Form | undefined): number =>
  typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
