import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { cursorOf, encodeCursor, pageOf } from '../../lambdas/kernel/cursor.ts';

const Cursor = cursorOf(z.tuple([z.number(), z.uuid()]));
const ID = '019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e';

test('a cursor is read as the key that it was made from', () => {
  expect(z.parse(Cursor, encodeCursor([12.5, ID]))).toEqual([12.5, ID]);
});

test.each([
  ['text that is no JSON', 'not-a-cursor'],
  ['a key of another list', encodeCursor(['2026-11-20T00:00:00Z', ID])],
  ['a key that is too long', encodeCursor([1, ID, 2])],
  ['an empty text', ''],
  ['something enormous', 'A'.repeat(1000)],
])('%s is refused', (_name, value) => {
  expect(z.safeParse(Cursor, value).success).toBe(false);
});

test('a page that is full and not the last one points behind its last item', () => {
  const rows = [{ at: 1 }, { at: 2 }, { at: 3 }];
  const page = pageOf(rows, 2, row => [row.at]);
  expect(page).toEqual({ items: [{ at: 1 }, { at: 2 }], next_cursor: encodeCursor([2]) });
});

test('the last page points nowhere', () => {
  expect(pageOf([{ at: 1 }], 2, row => [row.at])).toEqual({ items: [{ at: 1 }], next_cursor: null });
});
