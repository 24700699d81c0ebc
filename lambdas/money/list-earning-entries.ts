import { page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Entry, statementOf } from './statements.ts';

const earnings = statementOf('provider_payable');

/** Lists what the caller earned and what was taken back or paid out, newest first, with what is owed to them after each. */
export const listEarningEntries = useCase({
  route: 'GET /api/v1/earnings/entries',
  summary: 'Show the statement of my earnings',
  access: signedIn(),
  input: earnings.input,
  output: page(Entry),
  run: (input, { db, actor }) => earnings.list(input, db, actor),
});

export const handler = http(listEarningEntries);
