import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { NewRule, Rule, ruleRefusals } from './availability.ts';
import { writeRule } from './write-availability-rule.ts';

/** Replaces a rule by another one. What it opened or blocked before and no longer does is as if it had never been. */
export const replaceAvailabilityRule = useCase({
  route: 'PUT /api/v1/resources/{resource_id}/availability/rules/{rule_id}',
  summary: 'Replace an availability rule',
  access: signedIn(),
  input: z.extend(NewRule, { resource_id: id('resource'), rule_id: id('rule') }),
  output: Rule,
  refusals: ruleRefusals,
  async run({ resource_id, rule_id, ...draft }, { db, now }) {
    return writeRule(db, now, resource_id, rule_id, draft);
  },
});

export const handler = http(replaceAvailabilityRule);
