import { page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Entry, statementOf } from './statements.ts';

const debt = statementOf('receivable');

/** Lists what the caller came to owe and what of it was paid, newest first; what is owed after each stands below zero. */
export const listDebtEntries = useCase({
  route: 'GET /api/v1/debt/entries',
  summary: 'Show the statement of what I owe',
  access: signedIn(),
  input: debt.input,
  output: page(Entry),
  run: (input, { db, actor }) => debt.list(input, db, actor),
});

export const handler = http(listDebtEntries);
