import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { common, Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { asFile, writeCsv } from './csv.ts';
import { toMajor } from './currencies.ts';
import { ItemRow } from './payouts.ts';

/** Lines of one file: as many as fit into one answer of the database. The header `link` names the rest. */
const MOST = 2000;

const HEAD = ['payout', 'kind', 'booking', 'earned_at', 'currency', 'gross', 'commission', 'net'];

/** Downloads what a payout of the caller's is made of, as CSV: amounts in the currency's major unit. */
export const downloadPayout = useCase({
  route: 'GET /api/v1/payouts/{payout_id}/items.csv',
  summary: 'Download a payout as CSV',
  access: signedIn(),
  input: z.strictObject({ payout_id: id('payout'), cursor: z.optional(cursorOf(z.tuple([z.uuid()]))) }),
  output: z.unknown(),
  raw: true,
  async run({ payout_id, cursor }, { db, marketplace }) {
    const [after] = cursor ?? [null];
    const rows = await db.page(
      sql`select payout, item from money.my_payout_items(${payout_id}::uuid, ${after}::uuid, ${MOST + 1}::integer)`,
      ItemRow,
      MOST,
      ({ item }) => [item?.id],
    );
    const payout = rows.items[0]?.payout;
    if (!payout) throw new Refusal(common.not_found);
    const { reference_number, currency } = payout;
    const lines = rows.items.flatMap(({ item }) =>
      item
        ? [
            [
              reference_number,
              item.kind,
              item.booking_number,
              item.earned_at,
              currency,
              ...[item.gross_amount, item.commission_amount, item.amount].map(part =>
                toMajor(part, currency),
              ),
            ],
          ]
        : [],
    );
    const rest = `/${marketplace.slug}/api/v1/payouts/${payout_id}/items.csv?cursor=${rows.next_cursor}`;
    return {
      body: writeCsv([HEAD, ...lines]),
      content_type: 'text/csv; charset=utf-8',
      headers: {
        ...asFile(`${reference_number}.csv`),
        ...(rows.next_cursor ? { link: `<${rest}>; rel="next"` } : {}),
      },
    };
  },
});

export const handler = http(downloadPayout);
