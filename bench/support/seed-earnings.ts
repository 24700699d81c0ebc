import type pg from 'pg';

/**
 * Writes providers of a marketplace who have an account at Stripe, and to each as many bookings of ten dollars that were completed
 * two weeks ago and whose money is released: the provider's part 8.50, the platform's 1.50.
 *
 * @param superuser a connection that may turn triggers and foreign keys off: what they would check is true of these rows
 * @param group a letter of a to f that no other call takes
 */
export async function seedEarnings(
  superuser: pg.Client,
  {
    marketplace,
    group,
    providers,
    each,
  }: { marketplace: string; group: string; providers: number; each: number },
): Promise<void> {
  const run = (statement: string) => superuser.query(statement);
  const moment = `'${new Date(Date.now() - 14 * 24 * 3_600_000).toISOString()}'::timestamptz`;
  // Of two weeks ago, so that they lie in the partitions of then.
  const id = (kind: number, n: string) =>
    `(left(app.uuid_v7_floor(${moment})::text, 15) || '${kind}00-8${group}00-' || lpad(to_hex(${n}), 12, '0'))::uuid`;
  await run(`set session_replication_role = replica`);
  await run(`select set_config('app.marketplace', '${marketplace}', false)`);
  await run(`
    insert into identity.users (id, marketplace, email, full_name)
    select ${id(1, 'p')}, '${marketplace}', '${group}' || p || '@bench.example', 'Provider' from generate_series(1, ${providers}) as p`);
  await run(`
    insert into money.accounts (id, marketplace, owner_id, kind, currency)
    select ${id(2, 'p')}, '${marketplace}', ${id(1, 'p')}, 'provider_payable', 'USD' from generate_series(1, ${providers}) as p`);
  await run(`
    insert into money.accounts (id, marketplace, kind, currency)
    values (${id(3, '1')}, '${marketplace}', 'platform_revenue', 'USD')`);
  await run(`
    insert into money.balances (account_id, is_debt, balance, total_in)
    select ${id(2, 'p')}, false, 850 * ${each}, 850 * ${each} from generate_series(1, ${providers}) as p`);
  await run(`
    insert into money.payout_accounts (id, marketplace, user_id, kind, country, currency, status, reference, usable_from)
    select ${id(4, 'p')}, '${marketplace}', ${id(1, 'p')}, 'stripe', 'US', 'USD', 'active', 'acct_${group}' || p, now() - interval '1 day'
    from generate_series(1, ${providers}) as p`);
  const bookings = `generate_series(1, ${providers * each}) as n cross join lateral (select (n - 1) / ${each} + 1 as p) as o`;
  await run(`
    insert into booking.bookings (id, marketplace, number, module, flow_id, resource_id, resource_name, customer_id, provider_id, unit,
      starts_at, ends_at, time_zone, status, line_items, currency, subtotal_amount, fee_amount, total_amount, completed_at)
    select ${id(5, 'n')}, '${marketplace}', 'B-${group}' || n, 'parking', ${id(9, '1')}, ${id(9, 'p')}, 'Space', ${id(9, '2')}, ${id(1, 'p')},
           1, t.moment - interval '2 hours', t.moment, 'UTC', 'completed', '[{"payer": "customer", "payee": "provider", "amount": 1000}]', 'USD', 850, 150, 1000, t.moment
    from ${bookings}, (select ${moment} as moment) as t`);
  await run(`
    insert into money.payments (id, marketplace, payer_id, purpose, booking_id, description, currency, amount, wallet_amount,
      credits_amount, gateway_amount, capture, status, captured_amount)
    select ${id(6, 'n')}, '${marketplace}', ${id(9, '2')}, 'booking', ${id(5, 'n')}, 'Booking', 'USD', 1000, 0, 0, 1000, 'now',
           'succeeded', 1000
    from ${bookings}`);
  await run(`
    insert into money.transfers (id, marketplace, key, type, description, reference_type, reference_id, created_at)
    select ${id(7, 'n')}, '${marketplace}', 'bench/${group}/' || n, 'release', 'Booking', 'payment', ${id(6, 'n')},
           ${moment}
    from ${bookings}`);
  await run(`
    insert into money.entries (transfer_id, account_id, type, currency, amount, balance_after)
    select ${id(7, 'n')}, ${id(2, 'p')}, 'release', 'USD', 850, 850 * ((n - 1) % ${each} + 1) from ${bookings}`);
  await run(`
    insert into money.entries (transfer_id, account_id, type, currency, amount)
    select ${id(7, 'n')}, ${id(3, '1')}, 'release', 'USD', 150 from ${bookings}`);
  await run(`set session_replication_role = origin`);
  for (const table of [
    'identity.users',
    'money.accounts',
    'money.balances',
    'money.payout_accounts',
    'booking.bookings',
    'money.payments',
    'money.transfers',
    'money.entries',
  ])
    await run(`vacuum analyze ${table}`);
}
