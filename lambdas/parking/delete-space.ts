import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';

/** Takes a space of the caller's down for good, once nobody has it booked. What was booked on it stays on record. */
export const deleteSpace = useCase({
  route: 'DELETE /api/v1/parking/spaces/{space_id}',
  module: 'parking',
  summary: 'Delete a space of mine',
  access: permitted('parking.list'),
  input: z.strictObject({ space_id: id('space') }),
  output: z.void(),
  status: 204,
  refusals: {
    space_booked: refuse(
      'space_booked',
      409,
      'This space is booked. Pause it, and delete it after its last booking.',
    ),
  },
  async run({ space_id }, { db }) {
    await db.one(sql`select parking.delete_space(${space_id}::uuid) as id`, z.object({}));
  },
});

export const handler = http(deleteSpace);
