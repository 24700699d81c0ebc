import * as z from 'zod/mini';
import { id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

const instructions = z.nullable(text(1, 2000, 'The gate code is 4711.'));

const SpaceInstructions = z.object({ access_instructions: instructions, special_instructions: instructions });

/** Tells how to get in: to the owner, and to whoever has a live booking that the owner agreed to. */
export const getSpaceInstructions = useCase({
  route: 'GET /api/v1/parking/spaces/{space_id}/instructions',
  module: 'parking',
  summary: 'Get the instructions of a booked space',
  access: signedIn(),
  input: z.strictObject({ space_id: id('space') }),
  output: SpaceInstructions,
  async run({ space_id }, { db }) {
    return db.one(
      sql`
        select access_instructions, special_instructions
        from parking.space_secrets
        where space_id = ${space_id}::uuid`,
      SpaceInstructions,
    );
  },
});

export const handler = http(getSpaceInstructions);
