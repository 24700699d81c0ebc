import { randomUUID } from 'node:crypto';
import { pathNames } from '../../lambdas/kernel/input.ts';
import { sql } from '../../lambdas/kernel/sql.ts';
import type { HttpContract } from '../../lambdas/kernel/use-case.ts';
import { ofKind } from '../../lib/catalogue.ts';
import { marketplaceOf, marketplaces } from '../../marketplaces/index.ts';
import { actAs, placed } from '../booking/bookings.ts';
import { dayIn, resourceOf, ruled } from '../booking/resources.ts';
import { initiated } from '../money/pay.ts';
import { accountOf, batchOf, payoutOf } from '../money/payout-runs.ts';
import { promoOf } from '../money/promos.ts';
import { booked, inHours, listed, vehicleOf } from '../parking/spaces.ts';
import { completed, reviewed } from '../reviews/completed.ts';
import { handIn } from '../verification/evidence.ts';
import { asOwner } from './database.ts';
import { exampleRequest } from './examples.ts';
import { entries } from './invoke.ts';
import { type Person, signUp } from './people.ts';

/** What a person has that neither an example request nor the person's rows give. */
const MAKERS: Readonly<Record<string, (person: Person) => Promise<string>>> = {
  user_id: async person => person.id,
  space_id: async person => (await listed(person)).id,
  booking_id: async person => {
    const driver = await signUp(person.marketplace, { roles: openRoles(person.marketplace) });
    return (await booked(driver, await listed(person), inHours(48), inHours(49))).id;
  },
  resource_id: async person => resourceOf(person),
  rule_id: async person => {
    const day = dayIn(2);
    const rule = { availability_type: 'blocked', start_time: `${day}T09:00`, end_time: `${day}T10:00` };
    return (await ruled(person, await resourceOf(person), rule)).id;
  },
  vehicle_id: async person => (await vehicleOf(person)).id,
  // Blind: nobody but its writer may know of it.
  review_id: async person => {
    const host = await signUp(person.marketplace, { roles: openRoles(person.marketplace) });
    return (await reviewed(person, await completed(person, host))).id;
  },
  payment_id: async person => {
    const host = await signUp(person.marketplace, { roles: openRoles(person.marketplace) });
    const booking = await placed(person, host, { currency: marketplaceOf(person.marketplace)?.currency });
    return (await initiated(person, booking)).id;
  },
  // One that failed, for nothing else can be done again.
  refund_id: async person => {
    const host = await signUp(person.marketplace, { roles: openRoles(person.marketplace) });
    const currency = marketplaceOf(person.marketplace)?.currency;
    const payment = await initiated(person, await placed(person, host, { currency }));
    const [refund] = await asOwner(sql`
      insert into money.refunds (marketplace, payment_id, method, currency, amount, reason, status)
      values (${person.marketplace}, ${payment.id}::uuid, 'wallet', ${currency}, 1, 'not_owed', 'failed') returning id`);
    return refund.id;
  },
  // By its owner: the route takes a password, which most people here have none of.
  token_id: async ({ id, marketplace }) => {
    const [row] = await asOwner(
      sql`insert into identity.personal_access_tokens (marketplace, user_id, name, token_hash, abilities)
          values (${marketplace}::text, ${id}::uuid, 'Nightly export', ${randomUUID()}::text, '{read}') returning id`,
    );
    return row.id;
  },
  order_id: async person => {
    const items = [{ code: 'session', payer: 'customer', payee: 'platform', amount: 15_000 }];
    const order = { description: 'Four sessions', items };
    const [{ id }] = await actAs(person, sql`select id from money.open_order(${order}::jsonb)`);
    return id;
  },
  payment_method_id: async person => {
    const [{ id }] = await asOwner(sql`
      insert into money.payment_methods (marketplace, user_id, gateway, reference, type)
      values (${person.marketplace}::text, ${person.id}::uuid, 'stripe', ${`pm_of_${person.id}`}::text, 'card')
      returning id`);
    return id;
  },
  settlement_id: async person => {
    const [settlement] = await asOwner(sql`
      insert into money.settlements (marketplace, gateway, file_name, line_count, created_by)
      values (${person.marketplace}, 'stripe', 'payouts.csv', 0, ${person.id}::uuid) returning id`);
    return settlement.id;
  },
  // Of a plan that nobody else is offered.
  subscription_id: async ({ id, marketplace }) => {
    const [{ id: made }] = await asOwner(sql`
      with plan as (
        insert into money.plans (marketplace, code, role, name, currency, amount, months, is_active)
        values (${marketplace}::text, 'gone', 'gone', 'Gone', 'USD', 100, 1, false)
        on conflict on constraint plans_pkey do update set name = excluded.name
        returning marketplace, code, role, currency, amount)
      insert into money.subscriptions (marketplace, user_id, plan, role, currency, amount)
      select p.marketplace, ${id}::uuid, p.code, p.role, p.currency, p.amount from plan p returning id`);
    return made;
  },
  payout_account_id: accountOf,
  payout_id: payoutOf,
  payout_batch_id: batchOf,
  document_id: async person => (await handIn(person, 'government_id')).body.id,
  promo_code_id: async person => {
    const host = await signUp(person.marketplace, { roles: openRoles(person.marketplace) });
    const promo = await promoOf(person.marketplace);
    await booked(person, await listed(host), inHours(48), inHours(50), { promo_code: promo.code });
    return promo.id;
  },
};

/** Things that were made already, by their owner and what they are. */
const owned = new Map<string, string>();

/** Every role that somebody takes in a marketplace. */
export const openRoles = (marketplace: string): string[] => [
  ...(marketplaces.find(({ slug }) => slug === marketplace)?.roles.open ?? []),
];

/** Names in a route's path that are ids; others, such as a role's name, keep their example. */
export const idNames = (contract: HttpContract): string[] =>
  pathNames(contract.path).filter(name => name.endsWith('_id'));

/**
 * Something of the person's own for each id in the path of a route: made by the route that adds to the collection, with
 * its example, or found among the person's rows.
 *
 * @throws Error with one sentence where there is no way to make it: add a maker then
 */
export async function belongingsFor(contract: HttpContract, person: Person): Promise<Record<string, string>> {
  const made: Record<string, string> = {};
  for (const name of idNames(contract)) {
    // What strangers leave as it is serves for the next route as well.
    const key = `${person.id} ${name}`;
    const found =
      owned.get(key) ??
      (await MAKERS[name]?.(person)) ??
      (await addToCollection(contract, name, person)) ??
      (await findRow(name, person));
    if (!found)
      throw new Error(`Nothing makes a ${name} for ${contract.method} ${contract.path}: add it to MAKERS.`);
    owned.set(key, found);
    made[name] = found;
  }
  return made;
}

async function addToCollection(contract: HttpContract, name: string, person: Person) {
  const collection = contract.path.slice(0, contract.path.indexOf(`/{${name}}`));
  const route = ofKind(await entries(), 'http').find(
    entry => entry.contract.method === 'POST' && entry.contract.path === collection,
  );
  if (!route || collection.includes('{')) return undefined;
  const { path, body } = exampleRequest(route.contract);
  const answer = await person.post(path, body, { headers: { 'idempotency-key': randomUUID() } });
  if (answer.status >= 300) throw new Error(`POST ${collection} answered ${answer.status}: ${answer.text}`);
  return (answer.body?.[name] ?? answer.body?.id) as string | undefined;
}

/** A row of the person in the table that the id's name tells: `session_id` is of `…sessions`. */
async function findRow(name: string, person: Person): Promise<string | undefined> {
  const table = `${name.replace(/_id$/, '')}s`;
  const tables: { name: string; column: string }[] = await asOwner(
    sql`select c.oid::regclass::text as name, a.attname as column
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relkind in ('r', 'p') and c.relname = ${table}::text and a.attname in ('user_id', 'owner_id')`,
  );
  for (const { name: found, column } of tables) {
    const text = `select id::text from ${found} where ${column} = ($1->>0)::uuid order by id limit 1`;
    const [row] = await asOwner({ text, values: [person.id] });
    if (row) return row.id;
  }
  return undefined;
}

/** Books that are kept of every request, whoever makes it. */
const JOURNALS = [
  'audit_logs',
  'outbox',
  'rate_limits',
  'idempotency_keys',
  'data_keys',
  'schema_migrations',
];

/** The transaction of this moment: whoever is made later is in no row that was written before it. */
export async function currentTransaction(): Promise<string> {
  const [{ id }] = await asOwner(sql`select pg_current_xact_id()::xid::text as id`);
  return id;
}

/** A query for the rows of each table that mention what is sought. */
async function hashQuery(): Promise<string> {
  const tables: { name: string; ids: string[]; texts: string[] }[] = await asOwner(
    sql`select c.oid::regclass::text as name,
          coalesce(jsonb_agg(quote_ident(a.attname)) filter (where a.atttypid = 'uuid'::regtype), '[]') as ids,
          coalesce(jsonb_agg(quote_ident(a.attname))
            filter (where a.atttypid = any (array['jsonb', 'text', 'varchar', 'uuid[]']::regtype[])), '[]') as texts
        from pg_class c join pg_namespace n on n.oid = relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where relkind in ('r', 'p') and not relispartition and nspname !~ '^pg_'
          and nspname not in ('information_schema', 'public')
          and not relname = any (array(select jsonb_array_elements_text(${JOURNALS}::jsonb)))
        group by c.oid`,
  );
  // An id is looked for as what it is where it stands alone: turning every row of a full database into text takes seconds.
  const parts = tables.map(table => {
    const mentions = [
      ...table.ids.map(column => `${column} = any (sought.ids)`),
      ...table.texts.map(column => `${column}::text ~ sought.pattern`),
      'false',
    ];
    return `
      select '${table.name}' as name, md5(string_agg(r::text, '|' order by r::text)) as hash
      from ${table.name} as r, sought
      where r.xmin::text::bigint >= sought.since and (${mentions.join(' or ')}) having count(*) > 0`;
  });
  return `with sought as materialized (select ($1->>0) as pattern, string_to_array($1->>0, '|')::uuid[] as ids, ($1->>1)::bigint as since)
      ${parts.join(' union all ')}`;
}

let query: Promise<string> | undefined;

/**
 * A hash of all rows that mention one of these ids, by table: what a stranger must leave as it is.
 *
 * @param since the transaction from which on rows may mention them
 */
export async function hashRows(ids: readonly string[], since: string): Promise<Record<string, string>> {
  query ??= hashQuery();
  const rows = await asOwner({ text: await query, values: [ids.join('|'), since] });
  return Object.fromEntries(rows.map(({ name, hash }) => [name, hash]));
}
