import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { endGrant } from './end-tesla-grant.ts';

/** Erases the link with its tokens, and ends the grant at Tesla. */
export const unlinkTesla = useCase({
  route: 'DELETE /api/v1/users/me/tesla',
  module: 'tesla',
  summary: 'Unlink my Tesla account',
  access: signedIn(),
  status: 204,
  input: z.strictObject({}),
  output: z.void(),
  needs: ['tesla', 'sealing'],
  async run(_input, { db, actor }) {
    const { refresh_token_sealed } = await db.one(
      sql`select refresh_token_sealed from identity.unlink_tesla()`,
      z.object({ refresh_token_sealed: z.string() }),
    );
    await endGrant(refresh_token_sealed, actor);
  },
});

export const handler = http(unlinkTesla);
