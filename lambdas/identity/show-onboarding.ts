import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Onboarding } from './onboarding.ts';

/** Shows a person's latest onboarding, completed or not, with its steps. */
export const showOnboarding = useCase({
  route: 'GET /api/v1/users/me/onboarding',
  summary: 'Show my onboarding',
  access: signedIn(),
  input: z.strictObject({}),
  output: Onboarding,
  async run(_input, { db }) {
    return db.one(sql`select * from identity.my_onboarding()`, Onboarding);
  },
});

export const handler = http(showOnboarding);
