import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Address, AddressRow, addressFields, addressRefusals, open, prepare } from './addresses.ts';

/** Adds an address. The first becomes the default by itself. */
export const addAddress = useCase({
  route: 'POST /api/v1/users/me/addresses',
  summary: 'Add an address',
  access: signedIn(),
  status: 201,
  input: z.strictObject(addressFields),
  output: Address,
  refusals: addressRefusals,
  needs: ['sealing', 'geocoding'],
  reveal: row => open(z.parse(AddressRow, row)),
  async run(input, { db, marketplace }) {
    const address = await prepare(randomUUID(), input, marketplace);
    const row = await db.one(
      sql`select id, kind, label, sealed_lines, city, state, zip_code, country, app.place(location) as location,
                 is_default, validated_at is not null as is_validated, created_at
          from identity.save_address(${address}::jsonb, true)`,
      AddressRow,
    );
    return open(row);
  },
});

export const handler = http(addAddress);
