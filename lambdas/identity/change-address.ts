import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Address, AddressRow, addressFields, addressRefusals, open, prepare } from './addresses.ts';

/** Replaces what an address says. `is_default` left out leaves the default where it is. */
export const changeAddress = useCase({
  route: 'PUT /api/v1/users/me/addresses/{address_id}',
  summary: 'Change an address',
  access: signedIn(),
  input: z.strictObject({ address_id: id('address'), ...addressFields }),
  output: Address,
  refusals: addressRefusals,
  needs: ['sealing', 'geocoding'],
  reveal: row => open(z.parse(AddressRow, row)),
  async run({ address_id, ...input }, { db, marketplace }) {
    const address = await prepare(address_id, input, marketplace);
    const row = await db.one(
      sql`select id, kind, label, sealed_lines, city, state, zip_code, country, app.place(location) as location,
                 is_default, validated_at is not null as is_validated, created_at
          from identity.save_address(${address}::jsonb, false)`,
      AddressRow,
    );
    return open(row);
  },
});

export const handler = http(changeAddress);
