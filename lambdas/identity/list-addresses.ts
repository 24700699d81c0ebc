import * as z from 'zod/mini';
import { page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Address, AddressRow, open } from './addresses.ts';

/** Lists a person's addresses, the default first. There are twenty at most, so all are on one page. */
export const listAddresses = useCase({
  route: 'GET /api/v1/users/me/addresses',
  summary: 'List my addresses',
  access: signedIn(),
  input: z.strictObject({}),
  output: page(Address),
  needs: ['sealing'],
  async run(_input, { db }) {
    const rows = await db.many(
      sql`select id, kind, label, sealed_lines, city, state, zip_code, country, app.place(location) as location,
                 is_default, validated_at is not null as is_validated, created_at
          from identity.addresses
          order by is_default desc, created_at, id`,
      AddressRow,
    );
    return { items: await Promise.all(rows.map(open)), next_cursor: null };
  },
});

export const handler = http(listAddresses);
