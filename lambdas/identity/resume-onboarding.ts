import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Onboarding } from './onboarding.ts';

/** Resumes a person's onboarding after a pause. */
export const resumeOnboarding = useCase({
  route: 'POST /api/v1/users/me/onboarding/resume',
  summary: 'Resume my onboarding',
  access: signedIn(),
  input: z.strictObject({}),
  output: Onboarding,
  refusals: {
    onboarding_not_paused: refuse('onboarding_not_paused', 409, 'The onboarding is not paused.'),
  },
  async run(_input, { db }) {
    return db.one(sql`select * from identity.pause_onboarding(false)`, Onboarding);
  },
});

export const handler = http(resumeOnboarding);
