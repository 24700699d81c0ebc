import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';

/** What the documents ask an index for, under the names that the facts have here: each leads an index. */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  'identity.users': ['id', 'email', 'phone_hash', 'account_status', 'profile_photo_id'],
  'identity.user_roles': ['user_id', 'role', 'role, is_active', 'marketplace, role'],
  'identity.refresh_tokens': ['user_id', 'session_id', 'expires_at', 'is_revoked', 'token_hash'],
  'identity.personal_access_tokens': ['user_id', 'token_hash', 'expires_at'],
  'identity.onboarding_sessions': ['user_id', 'role', 'current_step', 'completed_at'],
  'identity.step_progress': ['session_id', 'step_id', 'status'],
  'identity.tesla_accounts': ['user_id', 'tesla_user_id'],
  'identity.otps': ['destination_hash', 'user_id', 'expires_at'],
  'identity.addresses': ['user_id', 'location'],
  'verification.documents': ['user_id', 'user_id, type', 'type', 'status', 'expires_on'],
  'verification.providers': ['status', 'user_id'],
  'app.audit_logs': ['user_id', 'action', 'table_name', 'record_id', 'record_id, table_name', 'created_at'],
  'privacy.consents': ['user_id'],
  'privacy.exports': ['user_id', 'expires_at'],
};

const asked = Object.entries(ASKED).flatMap(([table, columns]) => columns.map(wanted => ({ table, wanted })));

const indexes: { table: string; columns: string; method: string; predicate: string | null }[] = await asOwner(
  sql`select i.indrelid::regclass::text as table, a.amname as method, pg_get_expr(i.indpred, i.indrelid) as predicate,
             array_to_string(array(
               select pg_get_indexdef(i.indexrelid, n, true) from generate_series(1, i.indnkeyatts) as n), ', ') as columns
      from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
      join pg_namespace s on s.oid = c.relnamespace where s.nspname in ('app', 'identity', 'verification', 'privacy')`,
);

test.each(asked)('$table is found by $wanted', ({ table, wanted }) => {
  const leading = indexes
    .filter(index => index.table === table)
    .map(({ columns }) => columns)
    .filter(columns => columns === wanted || columns.startsWith(`${wanted}, `));
  expect(leading.length).toBeGreaterThan(0);
});

test.each(['expert', 'customer', 'driver', 'host'])(
  'the active people of the role %s are an index of their own',
  role => {
    const partial = indexes.filter(({ predicate }) => predicate?.includes(`'${role}'`));
    expect(partial).toMatchObject([{ table: 'identity.user_roles' }]);
    expect(partial[0]?.predicate).toMatch(/AND is_active/);
  },
);

test('names are found by words, without a language’s stop words, and by what they resemble', () => {
  const gin = indexes.filter(({ table, method }) => table === 'identity.users' && method === 'gin');
  expect(gin.map(({ columns }) => columns).join(' ')).toMatch(/to_tsvector\('simple'/);
  expect(gin).toHaveLength(2);
});

test('places are found by a spatial index', () => {
  expect(indexes).toContainEqual(
    expect.objectContaining({ table: 'identity.addresses', method: 'gist', columns: 'location' }),
  );
});
