import * as z from 'zod/mini';
import { count, flag, id, instant, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';

export const stepId = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9_-]{0,49}$/), z.meta({ examples: ['service_areas'] }));

const value = z.union([text(0, 1000, 'Bengaluru'), z.number(), z.boolean()]);

const kept = z
  .record(text(1, 100, 'city'), value)
  .check(z.meta({ examples: [{ city: 'Bengaluru', radius_km: 10 }] }));

/** What a client adds to what it keeps of a step. The server does not read it. */
export const stepData = kept.check(
  z.refine(data => JSON.stringify(data).length <= 8_000, {
    error: 'must not be longer than 8,000 characters',
  }),
);

const Step = z.object({
  step_id: stepId,
  status: z
    .enum(['pending', 'in_progress', 'completed', 'skipped'])
    .check(z.meta({ examples: ['completed'] })),
  data: kept,
  started_at: z.nullable(instant),
  completed_at: z.nullable(instant),
  skipped_at: z.nullable(instant),
  time_spent: count(0, 1_000_000, 3),
});

/** A way through the first steps in one role. Times spent are whole minutes, pauses left out. */
export const Onboarding = z.object({
  id: id('onboarding_session'),
  role: text(1, 20, 'expert'),
  current_step: z.nullable(stepId),
  started_at: instant,
  last_active_at: instant,
  completed_at: z.nullable(instant),
  total_time_spent: count(0, 1_000_000, 7),
  is_paused: flag,
  paused_at: z.nullable(instant),
  steps: z.array(Step),
});

export const onboardingRefusals = {
  onboarding_paused: refuse('onboarding_paused', 409, 'The onboarding is paused.'),
};
