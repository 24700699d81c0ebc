import middy from '@middy/core';
import * as z from 'zod/mini';
import { type Database, openDatabase, type Tally } from './database.ts';
import { log } from './log.ts';
import type { Nudge } from './nudge-relay.ts';
import type { Handler, ScheduleContract } from './use-case.ts';
import { withContract } from './with-contract.ts';

/** What EventBridge Scheduler hands over: the marketplace where there is one schedule for each. */
const Input = z.object({ marketplace: z.optional(z.string()) });

/** One run. `marketplace` is null where the schedule serves them all. */
export type Run = { db: Database; now: Date; marketplace: string | null };

type Declaration = Omit<ScheduleContract, 'kind' | 'zone' | 'timeout' | 'needs' | 'nudges'> &
  Partial<Pick<ScheduleContract, 'zone' | 'timeout' | 'needs'>> & {
    /** `nudgeRelay`, where `run` writes events: the others do without its client. */
    nudge?: Nudge;
    /** What it returns is logged: counts, never personal data. */
    run(run: Run): Promise<Record<string, unknown>>;
  };

/** The Lambda of a schedule. A run that throws is tried again by Lambda, so `run` must be safe to repeat. */
export function schedule(declaration: Declaration): Handler<ScheduleContract> {
  const { run, nudge, ...rest } = declaration;
  const nudges = nudge !== undefined;
  const contract: ScheduleContract = {
    zone: 'UTC',
    timeout: 60,
    needs: [],
    ...rest,
    nudges,
    kind: 'schedule',
  };
  const lambda = middy(async (event: unknown): Promise<Record<string, unknown>> => {
    const started = performance.now();
    const marketplace = z.parse(Input, event ?? {}).marketplace ?? null;
    const tally: Tally = { trips: 0, emitted: 0 };
    const now = new Date();
    const db = openDatabase({ marketplace: marketplace ?? '', now: now.toISOString() }, tally);
    const result = await run({ db, now, marketplace });
    await nudge?.(tally.emitted);
    const duration_ms = Math.round(performance.now() - started);
    log.info('schedule', {
      schedule: contract.name,
      marketplace,
      duration_ms,
      trips: tally.trips,
      ...result,
    });
    return result;
  });
  return withContract(lambda, contract);
}
