import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { id, limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Rule } from './availability.ts';

/** Lists the rules of a resource of the caller's, oldest first. */
export const listAvailabilityRules = useCase({
  route: 'GET /api/v1/resources/{resource_id}/availability/rules',
  summary: 'List availability rules',
  access: signedIn(),
  input: z.strictObject({
    resource_id: id('resource'),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: page(Rule),
  async run({ resource_id, limit, cursor }, { db }) {
    const [after] = cursor ?? [null];
    return db.page(
      sql`
        select * from booking.rules_of(${resource_id}::uuid)
        where ${after}::uuid is null or id > ${after}::uuid
        order by id
        limit ${limit + 1}::integer`,
      Rule,
      limit,
      row => [row.id],
    );
  },
});

export const handler = http(listAvailabilityRules);
