import * as z from 'zod/mini';
import { accountStatus, email, fullName, hashPhone, phone, readNumber } from '../identity/identity.ts';
import { cursorOf } from '../kernel/cursor.ts';
import { id, instant, limit, page, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { roleName } from './admin.ts';

const Found = z.object({
  id: id('user'),
  full_name: fullName,
  email: z.nullable(email),
  roles: z.array(roleName),
  account_status: accountStatus,
  last_login_at: z.nullable(instant),
  created_at: instant,
});

/** Finds accounts for staff, newest first. All fields that are given must fit; which accounts were shown is audited. */
export const searchAccounts = useCase({
  route: 'GET /api/v1/admin/users',
  summary: 'Search accounts',
  access: permitted('accounts.read'),
  input: z.strictObject({
    user_id: z.optional(id('user')),
    name: z.optional(text(1, 100, 'asha')),
    email: z.optional(email),
    phone: z.optional(phone),
    role: z.optional(roleName),
    account_status: z.optional(accountStatus),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: page(Found),
  needs: ['keyed-hash'],
  async run({ phone, limit, cursor, ...wanted }, { db, marketplace }) {
    const [before] = cursor ?? [null];
    const number = phone === undefined ? undefined : await readNumber(phone, marketplace.country);
    const phone_hash = number === undefined ? undefined : await hashPhone(number, marketplace.slug);
    const fields = { ...wanted, phone_hash };
    return db.page(
      sql`select * from admin.search_accounts(${fields}::jsonb, ${before}::uuid, ${limit + 1}::integer)`,
      Found,
      limit,
      row => [row.id],
    );
  },
});

export const handler = http(searchAccounts);
