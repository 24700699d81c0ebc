import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { unseal } from '../kernel/seal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { aboutDetails } from './bank-details.ts';
import { asFile, writeCsv } from './csv.ts';
import { toMajor } from './currencies.ts';

const Line = z.object({
  payout_account_id: z.uuid(),
  reference_number: z.string(),
  amount: z.int(),
  currency: z.string(),
  bank_name: z.string(),
  account_name: z.string(),
  details_sealed: z.string(),
});

const Details = z.object({
  account_number: z.string(),
  ifsc: z.optional(z.string()),
  swift: z.optional(z.string()),
  routing_number: z.optional(z.string()),
});

const HEAD = ['reference', 'amount', 'currency', 'account_name', 'account_number', 'bank_code', 'bank_name'];

/** Downloads the payouts of a batch that are on their way, with all that the bank needs of each account. Looking is audited. */
export const downloadPayoutBatch = useCase({
  route: 'GET /api/v1/admin/payout-batches/{payout_batch_id}/payouts.csv',
  summary: 'Download a batch of payouts for the bank',
  access: permitted('money.payout'),
  input: z.strictObject({ payout_batch_id: id('payout_batch') }),
  output: z.unknown(),
  raw: true,
  // It shows where people are paid to, whole: a personal access token that may read does not see that.
  credentials: true,
  presence: 'second_factor',
  needs: ['sealing'],
  async run({ payout_batch_id }, { db }) {
    const lines = await db.many(sql`select * from money.payout_batch_lines(${payout_batch_id}::uuid)`, Line);
    const rows = await Promise.all(lines.map(rowOf));
    return {
      body: writeCsv([HEAD, ...rows]),
      content_type: 'text/csv; charset=utf-8',
      headers: asFile(`payouts-${payout_batch_id}.csv`),
    };
  },
});

async function rowOf({ payout_account_id, details_sealed, ...line }: z.output<typeof Line>) {
  const details = z.parse(Details, JSON.parse(await unseal(details_sealed, aboutDetails(payout_account_id))));
  const { account_number, ifsc, swift, routing_number } = details;
  const { reference_number, amount, currency, account_name, bank_name } = line;
  const code = ifsc ?? swift ?? routing_number ?? null;
  return [
    reference_number,
    toMajor(amount, currency),
    currency,
    account_name,
    account_number,
    code,
    bank_name,
  ];
}

export const handler = http(downloadPayoutBatch);
