import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import type { Person } from '../support/people.ts';

/** A code of which no other test knows. */
export const randomCode = () => `T${crypto.randomUUID().replaceAll('-', '').slice(0, 12)}`.toUpperCase();

const DAY = 24 * 3_600_000;

/** A code that staff could make, valid since yesterday and for a month, with some of it changed: 20 % off. */
export const promoFacts = (changes: Record<string, unknown> = {}) => ({
  code: randomCode(),
  discount_type: 'percentage',
  discount_value: 2000,
  valid_from: new Date(Date.now() - DAY).toISOString(),
  valid_until: new Date(Date.now() + 30 * DAY).toISOString(),
  ...changes,
});

/** A promo code of a marketplace, without its staff. */
export async function promoOf(marketplace: string, changes: Record<string, unknown> = {}) {
  const facts = { per_user_limit: 1, new_customers_only: false, ...promoFacts(changes) };
  const [promo] = await asOwner(sql`select * from money.create_promo_code(${facts}::jsonb)`, {
    marketplace,
    access: 'everyone',
    now: new Date().toISOString(),
  });
  return promo;
}

/** A promo code as it is now, with its uses, the oldest first. */
export async function usesOf({ id }: { id: string }) {
  const [promo] = await asOwner(
    sql`select p.usage_count, (
          select coalesce(jsonb_agg(to_jsonb(u) order by u.id), '[]') from money.promo_code_usages u
          where u.promo_code_id = p.id) as uses
        from money.promo_codes p where p.id = ${id}::uuid`,
  );
  return promo;
}

/** What a code would take off a price for somebody, or why nothing. */
export const check = (
  person: Person,
  promo: { code: string },
  more: Record<string, unknown> = {},
  ip?: string,
) => person.post('/api/v1/promo-codes/check', { promo_code: promo.code, ...more }, { ip });
