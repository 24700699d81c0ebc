import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { common, Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

/** Deletes a personal access token, which stops working at once. */
export const deleteAccessToken = useCase({
  route: 'DELETE /api/v1/users/me/tokens/{token_id}',
  summary: 'Delete a personal access token',
  access: signedIn(),
  status: 204,
  input: z.strictObject({ token_id: id('access_token') }),
  output: z.void(),
  credentials: true,
  async run(input, { db }) {
    const { deleted } = await db.one(
      sql`select * from identity.delete_access_token(${input.token_id}::uuid)`,
      z.object({ deleted: z.boolean() }),
    );
    if (!deleted) throw new Refusal(common.not_found);
  },
});

export const handler = http(deleteAccessToken);
