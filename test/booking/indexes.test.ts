import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';

test.each([
  'customer_id',
  'provider_id',
  'resource_id',
  'status',
  'payment_status',
  'number',
  'starts_at, ends_at',
  'status, starts_at, ends_at',
])('bookings are indexed on %s, in every partition', async columns => {
  const covered = await asOwner(sql`
    select t.oid::regclass::text as partition
    from pg_class t join pg_index i on i.indrelid = t.oid
    where (t.oid = 'booking.bookings'::regclass
        or t.oid in (select inhrelid from pg_inherits where inhparent = 'booking.bookings'::regclass))
      and pg_get_indexdef(i.indexrelid) ~ ('[(]' || ${columns}::text || '[,)]')
    group by 1`);
  const all = await asOwner(
    sql`select count(*)::integer + 1 as tables from pg_inherits where inhparent = 'booking.bookings'::regclass`,
  );
  expect(covered).toHaveLength(all[0].tables);
});

test('running and coming bookings have an index of their own', async () => {
  const [row] = await asOwner(
    sql`select indexdef from pg_indexes where schemaname = 'booking' and indexname = 'bookings_live_idx'`,
  );
  for (const status of ['confirmed', 'active', 'in_progress']) expect(row.indexdef).toContain(`'${status}'`);
});
