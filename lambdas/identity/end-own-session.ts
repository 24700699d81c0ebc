import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { common, Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

/** Signs one of a person's devices out. Its access token stops working at once. */
export const endOwnSession = useCase({
  route: 'DELETE /api/v1/users/me/sessions/{session_id}',
  summary: 'End one of my sessions',
  access: signedIn(),
  status: 204,
  input: z.strictObject({ session_id: id('session') }),
  output: z.void(),
  credentials: true,
  async run(input, { db }) {
    const { ended } = await db.one(
      sql`select * from identity.end_own_session(${input.session_id}::uuid)`,
      z.object({ ended: z.boolean() }),
    );
    if (!ended) throw new Refusal(common.not_found);
  },
});

export const handler = http(endOwnSession);
