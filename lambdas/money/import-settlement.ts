import * as z from 'zod/mini';
import { text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { readSettlement, UnreadableFile } from './settlement-files.ts';
import { Settlement, type SettlingGateway, settlingGateway } from './settlements.ts';

const MOST_CHARACTERS = 5_000_000;
const EXAMPLE =
  'balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,payment_intent_id\n' +
  'txn_1Pq2,2026-11-20 10:00:00,usd,11.50,0.63,10.87,charge,ch_3Pq2,pi_3Pq2WmCVxZ0';

const unreadable = refuse('file_unreadable', 422, 'This is no settlement file of this gateway.', 'csv');

/**
 * Takes the file in which a gateway says what it has paid out to our bank, and matches it with what we have: by the gateway's reference,
 * the amount, the fee and the day. What matched goes from the gateway's account to that of our bank; the rest is listed. The same file
 * may be imported again: nothing is settled twice.
 */
export const importSettlement = useCase({
  route: 'POST /api/v1/admin/settlements',
  summary: 'Import a gateway’s settlement file',
  access: permitted('money.adjust'),
  body_limit: 5.5 * 1024 * 1024,
  input: z.strictObject({
    gateway: settlingGateway,
    file_name: text(1, 200, 'payout-reconciliation-2026-11.csv'),
    csv: z.string().check(z.minLength(1), z.maxLength(MOST_CHARACTERS), z.meta({ examples: [EXAMPLE] })),
  }),
  output: z.object({ settlement: Settlement }),
  status: 201,
  refusals: { file_unreadable: unreadable },
  async run({ gateway, file_name, csv }, { db }) {
    const rows = await readRows(gateway, csv, db.checkCaller);
    return db.one(
      sql`
        select settlement from money.import_settlement(${gateway}::text, ${file_name}::text, ${rows}::text) as settlement`,
      z.object({ settlement: Settlement }),
    );
  },
});

/** @param mayCall throws where the caller may not call at all: they are told that before anything else */
async function readRows(
  gateway: SettlingGateway,
  csv: string,
  mayCall: () => Promise<void>,
): Promise<string> {
  try {
    return readSettlement(gateway, csv);
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    await mayCall();
    const errors = [{ field: 'csv', code: unreadable.code, message: cause.message }];
    throw new Refusal(unreadable, { cause, errors });
  }
}

export const handler = http(importSettlement);
