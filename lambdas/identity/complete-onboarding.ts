import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Onboarding, onboardingRefusals } from './onboarding.ts';

/** Completes a person's onboarding, once each step that was begun is completed or skipped. */
export const completeOnboarding = useCase({
  route: 'POST /api/v1/users/me/onboarding/complete',
  summary: 'Complete my onboarding',
  access: signedIn(),
  input: z.strictObject({}),
  output: Onboarding,
  refusals: {
    ...onboardingRefusals,
    onboarding_unfinished: refuse(
      'onboarding_unfinished',
      409,
      'A step has been begun and neither completed nor skipped.',
    ),
  },
  async run(_input, { db }) {
    return db.one(sql`select * from identity.complete_onboarding()`, Onboarding);
  },
});

export const handler = http(completeOnboarding);
