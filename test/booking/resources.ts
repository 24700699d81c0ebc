import { randomUUID } from 'node:crypto';
import { asOwner } from '../support/database.ts';
import type { Person } from '../support/people.ts';

/** A resource as a module would keep it. */
export async function resourceOf(owner: Person, facts: Record<string, unknown> = {}): Promise<string> {
  const details = {
    id: randomUUID(),
    module: 'parking',
    owner_id: owner.id,
    time_zone: 'America/Los_Angeles',
    capacity: 1,
    is_listed: true,
    ...facts,
  };
  await within(owner.marketplace, 'booking.keep_resource(($1->>0)::jsonb)', [details]);
  return details.id;
}

/** Calls a SQL function that no route reaches, in a marketplace, and returns its value. */
export async function within(marketplace: string, call: string, values: readonly unknown[] = []) {
  // What stands in `from` is evaluated first.
  const text = `
    select ${call} as value
    from (select set_config('app.marketplace', '${marketplace}', true),
                 set_config('app.now', '${new Date().toISOString()}', true) offset 0) as context`;
  const [row] = await asOwner({ text, values });
  return row.value;
}

/** Why a resource cannot be booked from one moment to another. */
export const whyClosed = (resource: string, from: string, to: string): Promise<string | null> =>
  within(
    'driveway',
    'booking.why_closed(($1->>0)::uuid, tstzrange(($1->>1)::timestamptz, ($1->>2)::timestamptz))',
    [resource, from, to],
  );

/** Takes a time of a resource as a booking does, and returns the unit, or null. */
export const reserve = (
  resource: string,
  capacity: number,
  from: string,
  to: string,
): Promise<number | null> =>
  within(
    'driveway',
    `booking.reserve(($1->>0)::uuid, ($1->>1)::integer,
       tstzrange(($1->>2)::timestamptz, ($1->>3)::timestamptz), 'booking')`,
    [resource, capacity, from, to],
  );

export const rulesOf = (resource: string) => `/api/v1/resources/${resource}/availability/rules`;

/** Adds a rule and returns it. */
export async function ruled(owner: Person, resource: string, rule: Record<string, unknown>) {
  const answer = await owner.post(rulesOf(resource), rule);
  if (answer.status !== 201) throw new Error(`The rule was answered ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** `2026-11-23`: the day of Los Angeles some days from now, by the calendar: a day of 23 hours is none less. */
export const dayIn = (days: number) =>
  plusDays(new Date().toLocaleDateString('en-CA', { timeZone: 'America/Los_Angeles' }), days);

/** The next day of Los Angeles, from tomorrow on, that is this weekday (0 is Sunday). */
export function nextWeekday(weekday: number): string {
  const days = Array.from({ length: 7 }, (_, index) => dayIn(index + 1));
  return days.find(day => new Date(`${day}T12:00Z`).getUTCDay() === weekday) ?? '';
}

export const plusDays = (day: string, days: number) =>
  new Date(Date.parse(`${day}T12:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** The moment of a time of day in Los Angeles. */
export function at(day: string, time: string): string {
  const asUtc = Date.parse(`${day}T${time}:00Z`);
  const clock = { timeZone: 'America/Los_Angeles', timeZoneName: 'longOffset' } as const;
  const parts = new Intl.DateTimeFormat('en', clock).formatToParts(new Date(asUtc + 8 * 3_600_000));
  const offset = parts.find(({ type }) => type === 'timeZoneName')?.value.slice(3) ?? '';
  return new Date(`${day}T${time}:00${offset}`).toISOString();
}
