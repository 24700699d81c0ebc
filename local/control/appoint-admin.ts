import * as z from 'zod/mini';
import type { AsOwner } from '../people/as-owner.ts';
import type { ToolAnswer } from './control.ts';

const Appointment = z.object({ marketplace: z.string(), email: z.email(), full_name: z.string() });

/** Makes somebody a super admin, as `npm run create-admin` does in a deployed database. */
export async function appointAdmin(asOwner: AsOwner, body: unknown): Promise<ToolAnswer> {
  const parsed = z.safeParse(Appointment, body);
  if (!parsed.success)
    return { status: 400, body: { message: 'Send {"marketplace", "email", "full_name"}.' } };
  const { marketplace, email, full_name } = parsed.data;
  const [row] = await asOwner(
    'select user_id, outcome from identity.appoint_super_admin($1->>0, $1->>1, $1->>2)',
    [marketplace, email, full_name],
    marketplace,
  );
  return { body: row };
}
