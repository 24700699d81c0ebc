import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { NewRule, Rule, ruleRefusals } from './availability.ts';
import { writeRule } from './write-availability-rule.ts';

/**
 * Opens or blocks a resource of the caller's, once or again and again. A booking and a block that race for one time: the constraint on
 * reservations lets one through.
 */
export const addAvailabilityRule = useCase({
  route: 'POST /api/v1/resources/{resource_id}/availability/rules',
  summary: 'Add an availability rule',
  access: signedIn(),
  input: z.extend(NewRule, { resource_id: id('resource') }),
  output: Rule,
  status: 201,
  refusals: ruleRefusals,
  async run({ resource_id, ...draft }, { db, now }) {
    return writeRule(db, now, resource_id, null, draft);
  },
});

export const handler = http(addAvailabilityRule);
