import { sql } from '../../lambdas/kernel/sql.ts';
import { auth, PASSWORD } from '../identity/accounts.ts';
import type { Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { type Person, randomAddress } from '../support/people.ts';

const ME = '/api/v1/users/me';

/** Deletes somebody's own account, by the password unless told otherwise. */
export const deleteMe = (client: Client, proof: Record<string, unknown> = { password: PASSWORD }) =>
  client.send('DELETE', ME, proof);
/** Asks for a deleted account, as somebody without a session. */
export const restore = (body: Record<string, unknown>, marketplace = 'driveway') =>
  auth('restore-account', body, { marketplace, ip: randomAddress() });

export const statusOf = async (id: string) =>
  (
    await asOwner(
      sql`select account_status, deleted_at is not null as deleted, purged_at is not null as purged, email
          from identity.users where id = ${id}::uuid`,
    )
  )[0];

/**
 * Lets time pass for one person. The clock is left alone: a purge that believed in another day would take what other tests
 * work with.
 */
export const age = (person: Person, days: string) =>
  asOwner(
    sql`update identity.users set deleted_at = deleted_at - ${days}::interval where id = ${person.id}::uuid returning id`,
  );
