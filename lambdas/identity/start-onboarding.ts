import * as z from 'zod/mini';
import { text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Onboarding } from './onboarding.ts';

/** Starts the first steps in one of a person's roles. One way is open at a time. */
export const startOnboarding = useCase({
  route: 'POST /api/v1/users/me/onboarding',
  summary: 'Start my onboarding',
  access: signedIn(),
  status: 201,
  input: z.strictObject({ role: text(1, 20, 'expert') }),
  output: Onboarding,
  refusals: {
    not_your_role: refuse('not_your_role', 422, 'This is none of your roles.', 'role'),
    onboarding_sessions_open_key: refuse(
      'onboarding_open',
      409,
      'An onboarding is open already. Complete it first.',
    ),
  },
  async run(input, { db }) {
    return db.one(sql`select * from identity.start_onboarding(${input.role}::text)`, Onboarding);
  },
});

export const handler = http(startOnboarding);
