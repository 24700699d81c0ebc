import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Onboarding, onboardingRefusals } from './onboarding.ts';

/** Pauses a person's onboarding: time does not count until it is resumed. */
export const pauseOnboarding = useCase({
  route: 'POST /api/v1/users/me/onboarding/pause',
  summary: 'Pause my onboarding',
  access: signedIn(),
  input: z.strictObject({}),
  output: Onboarding,
  refusals: onboardingRefusals,
  async run(_input, { db }) {
    return db.one(sql`select * from identity.pause_onboarding(true)`, Onboarding);
  },
});

export const handler = http(pauseOnboarding);
