import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

/** Removes an address. When it was the default, the oldest of the others becomes it. */
export const removeAddress = useCase({
  route: 'DELETE /api/v1/users/me/addresses/{address_id}',
  summary: 'Remove an address',
  access: signedIn(),
  input: z.strictObject({ address_id: id('address') }),
  output: z.void(),
  status: 204,
  async run(input, { db }) {
    await db.one(sql`select id from identity.remove_address(${input.address_id}::uuid)`, z.object({}));
  },
});

export const handler = http(removeAddress);
