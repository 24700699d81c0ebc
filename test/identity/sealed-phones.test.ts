import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { newAccount, newPhone } from './accounts.ts';

test('a phone number is ciphertext at rest, and no two accounts hold the same', async () => {
  const phone = newPhone();
  const { user } = await newAccount({ phone });
  const abroad = await newAccount({ phone, roles: ['customer'] }, 'recovery');
  expect([user.phone, abroad.user.phone]).toEqual([phone, phone]);
  const rows = await asOwner(
    sql`select to_jsonb(u)::text as everything, phone_sealed, phone_hash from identity.users u
        where id in (${user.id}::uuid, ${abroad.user.id}::uuid)`,
  );
  expect(rows).toHaveLength(2);
  const digits = phone.slice(2);
  for (const { everything } of rows) expect(everything).not.toContain(digits);
  const [one, two] = rows;
  expect(one.phone_hash).not.toBe(two.phone_hash);
  expect(one.phone_sealed).not.toBe(two.phone_sealed);
});

test('a number that is moved to another account does not open there', async () => {
  const [one, two] = [await newAccount({ phone: newPhone() }), await newAccount({ phone: newPhone() })];
  await expect(
    asOwner(sql`update identity.users set phone_sealed = null where id = ${one.user.id}::uuid returning id`),
  ).rejects.toThrow('users_phone_check');
  await asOwner(
    sql`update identity.users set phone_sealed = (select phone_sealed from identity.users where id = ${one.user.id}::uuid)
        where id = ${two.user.id}::uuid returning id`,
  );
  const { Client } = await import('../support/client.ts');
  expect((await new Client('driveway', two.access_token).get('/api/v1/users/me')).status).toBe(500);
});
