import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Rule } from './availability.ts';

/** Removes a rule: what it opened is closed, and what it blocked is free. Without any rule that opens it, a resource is always open. */
export const removeAvailabilityRule = useCase({
  route: 'DELETE /api/v1/resources/{resource_id}/availability/rules/{rule_id}',
  summary: 'Remove an availability rule',
  access: signedIn(),
  input: z.strictObject({ resource_id: id('resource'), rule_id: id('rule') }),
  output: Rule,
  async run({ resource_id, rule_id }, { db }) {
    return db.one(sql`select * from booking.remove_rule(${resource_id}::uuid, ${rule_id}::uuid)`, Rule);
  },
});

export const handler = http(removeAvailabilityRule);
