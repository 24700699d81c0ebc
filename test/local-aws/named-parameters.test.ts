import { describe, expect, test } from 'vitest';
import { splitParameters } from '../../local/aws/rds-data/named-parameters.ts';

const names = (sql: string) =>
  splitParameters(sql).flatMap(piece => ('parameter' in piece ? [piece.parameter] : []));
const rejoin = (sql: string) =>
  splitParameters(sql)
    .map(piece => ('text' in piece ? piece.text : `:${piece.parameter}`))
    .join('');

describe('splitParameters', () => {
  test.each([
    ['select :a, :b_2 where x=:a', ['a', 'b_2', 'a']],
    ['select :a::int, 1::text', ['a']],
    ["select ':no', 'it''s :no', :yes", ['yes']],
    ["select E'\\':no', :yes", ['yes']],
    ["select 'back\\', :yes", ['yes']],
    ['select ":no", ":""no", :yes', ['yes']],
    ['select :yes -- :no\n, :also', ['yes', 'also']],
    ['select /* :no /* :no */ :no */ :yes', ['yes']],
    ['select $$ :no $$, $fn$ :no $$ :no $fn$, :yes', ['yes']],
    ['select a$b$:yes, c$b$', ['yes']],
    ['begin x := 1; end', []],
    ['select name:here', ['here']],
    ["select /* never closed ':no", []],
  ])('finds the names in %s', (sql, expected) => {
    expect(names(sql)).toEqual(expected);
    expect(rejoin(sql)).toBe(sql);
  });
});
