import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Onboarding, onboardingRefusals, stepData, stepId } from './onboarding.ts';

/** Begins, completes or skips a step. `data` is added to what is kept of the step. */
export const recordStep = useCase({
  route: 'POST /api/v1/users/me/onboarding/steps',
  summary: 'Record a step of my onboarding',
  access: signedIn(),
  input: z.strictObject({
    step_id: stepId,
    status: z.enum(['in_progress', 'completed', 'skipped']).check(z.meta({ examples: ['completed'] })),
    data: z._default(stepData, {}),
  }),
  output: Onboarding,
  refusals: {
    ...onboardingRefusals,
    too_many_steps: refuse('too_many_steps', 409, 'An onboarding has fifty steps at most.'),
    too_much_data: refuse('too_much_data', 409, 'An onboarding keeps 40,000 bytes at most.', 'data'),
  },
  async run(input, { db }) {
    return db.one(
      sql`select * from identity.record_step(${input.step_id}::text, ${input.status}::text, ${input.data}::jsonb)`,
      Onboarding,
    );
  },
});

export const handler = http(recordStep);
