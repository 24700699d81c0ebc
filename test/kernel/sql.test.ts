import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';

test('a value becomes an element of the one JSON argument', () => {
  const statement = sql`select * from t where a = ${1} and b = ${'two'}::text`;
  expect(statement).toEqual({
    text: 'select * from t where a = ($1->>0) and b = ($1->>1)::text',
    values: [1, 'two'],
  });
});

test('an object or array becomes jsonb, which is not written as text and read again', () => {
  const { text } =
    sql`select ${{ a: 1 }}::jsonb, ${[1, 2]}::jsonb, ${null}::jsonb, ${new Date(0)}::timestamptz`;
  expect(text).toBe('select ($1->0)::jsonb, ($1->1)::jsonb, ($1->>2)::jsonb, ($1->>3)::timestamptz');
});

test('a bigint travels as text, since JSON has no numbers of its size', () => {
  expect(sql`select ${9_007_199_254_740_993n}::bigint`.values).toEqual(['9007199254740993']);
});

test('a date travels as its ISO instant', () => {
  expect(JSON.stringify(sql`select ${new Date(0)}::timestamptz`.values)).toBe('["1970-01-01T00:00:00.000Z"]');
});

test.each([
  ['undefined', undefined],
  ['a function', () => 1],
  ['NaN', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
])('a value that is %s is refused with the statement around it', (_name, value) => {
  expect(() => sql`select ${value}`).toThrow(/Value 1 of the statement is .*: select/);
});
