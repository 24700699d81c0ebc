import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from './database.ts';

/** Changes a setting of a marketplace for good, and returns what it was: a file of tests sets those that it depends on. */
export async function set(marketplace: string, key: string, value: unknown): Promise<unknown> {
  const [row] = await asOwner(sql`
    update app.settings s set value = ${JSON.stringify(value)}::jsonb
    from app.settings old
    where old.marketplace = s.marketplace and old.key = s.key and s.marketplace = ${marketplace} and s.key = ${key}
    returning old.value as before`);
  if (!row) throw new Error(`${marketplace} has no setting ${key}.`);
  return row.before;
}

/** The same while something runs. */
export async function withSetting<T>(
  marketplace: string,
  key: string,
  value: unknown,
  work: () => Promise<T>,
): Promise<T> {
  const before = await set(marketplace, key, value);
  return work().finally(() => set(marketplace, key, before));
}
