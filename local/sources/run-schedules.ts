import type { AppClock } from '../app-clock.ts';
import type { Outcome } from '../functions/environment.ts';
import { nextRun } from './next-run.ts';

/** A schedule of the template. */
export type Schedule = {
  name: string;
  expression: string;
  timeZone: string;
  enabled: boolean;
  /** The JSON that the function is given. */
  input: unknown;
  functionName: string;
  /** Invokes the function as the schedule does, retries included. */
  run(): Promise<Outcome>;
};

export type ScheduleState = {
  name: string;
  function: string;
  expression: string;
  time_zone: string;
  enabled: boolean;
  next_run_at: string | null;
  last_run_at: string | null;
  last_status: 'succeeded' | 'failed' | null;
};

export type Schedules = {
  list(): ScheduleState[];
  /** Runs a schedule now and waits for the end; undefined when there is none of that name. */
  run(name: string): Promise<Outcome | undefined>;
  close(): void;
};

type Entry = { schedule: Schedule; next?: Date; lastRun?: Date; lastOutcome?: Outcome };

/** setTimeout counts in 32 bits. */
const longestWait = 2 ** 31 - 1;

/**
 * Runs the schedules by the app clock. One that became due several times while the clock was moved runs once, as soon
 * as the clock was moved.
 */
export function runSchedules(schedules: readonly Schedule[], clock: AppClock): Schedules {
  const entries = new Map(schedules.map(schedule => [schedule.name, plan({ schedule }, clock.now())]));
  let timer: NodeJS.Timeout | undefined;

  function plan(entry: Entry, after: Date): Entry {
    const { expression, timeZone, enabled } = entry.schedule;
    entry.next = enabled ? nextRun(expression, timeZone, after) : undefined;
    return entry;
  }

  async function start(entry: Entry): Promise<Outcome> {
    entry.lastRun = clock.now();
    entry.lastOutcome = await entry.schedule.run();
    return entry.lastOutcome;
  }

  function tick(): void {
    clearTimeout(timer);
    const now = clock.now();
    for (const entry of entries.values()) {
      if (!entry.next || entry.next > now) continue;
      plan(entry, now);
      void start(entry);
    }
    const moments = [...entries.values()].flatMap(({ next }) => (next ? [next.getTime()] : []));
    if (moments.length === 0) return;
    timer = setTimeout(
      tick,
      Math.min(longestWait, Math.max(1, Math.min(...moments) - clock.now().getTime())),
    );
  }

  clock.onAdvance(tick);
  tick();

  return {
    list: () => [...entries.values()].map(stateOf),
    async run(name) {
      const entry = entries.get(name);
      return entry && start(entry);
    },
    close() {
      clearTimeout(timer);
      entries.clear();
    },
  };
}

function stateOf({ schedule, next, lastRun, lastOutcome }: Entry): ScheduleState {
  return {
    name: schedule.name,
    function: schedule.functionName,
    expression: schedule.expression,
    time_zone: schedule.timeZone,
    enabled: schedule.enabled,
    next_run_at: next?.toISOString() ?? null,
    last_run_at: lastRun?.toISOString() ?? null,
    last_status: lastOutcome ? (lastOutcome.ok ? 'succeeded' : 'failed') : null,
  };
}
