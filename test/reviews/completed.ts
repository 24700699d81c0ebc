import { randomUUID } from 'node:crypto';
import { sql } from '../../lambdas/kernel/sql.ts';
import { inHours } from '../parking/spaces.ts';
import { asOwner } from '../support/database.ts';
import type { Person } from '../support/people.ts';

/** What is booked in each marketplace, and the statuses that one goes through. */
const KINDS: Readonly<Record<string, { module: string; running: string }>> = {
  driveway: { module: 'parking', running: 'active' },
  handie: { module: 'parking', running: 'in_progress' },
  spacall: { module: 'services', running: 'in_progress' },
};
const kindOf = ({ marketplace }: Person) => KINDS[marketplace] ?? { module: 'none', running: 'none' };

/** A booking of something that the provider keeps for booking; of something new unless told. */
export async function placed(
  customer: Person,
  provider: Person,
  resource_id: string = randomUUID(),
): Promise<{ id: string; resource_id: string }> {
  const { module } = kindOf(provider);
  const resource = { id: resource_id, module, owner_id: provider.id, time_zone: 'UTC', capacity: 500 };
  const context = { marketplace: provider.marketplace, actor: customer.id, now: new Date() };
  await asOwner(
    sql`select (booking.keep_resource(${{ ...resource, is_listed: true }}::jsonb)).id
        from app.set_context(${context}::jsonb)
        where not exists (select from booking.resources where id = ${resource_id}::uuid)`,
  );
  const details = {
    module,
    resource_id,
    resource_name: 'Driveway near Dolores Park',
    provider_id: provider.id,
    starts_at: inHours(1),
    ends_at: inHours(2),
    time_zone: 'UTC',
    line_items: [],
    currency: 'USD',
    subtotal_amount: 0,
    fee_amount: 0,
    total_amount: 0,
  };
  const [booking] = await asOwner(
    sql`select (booking.place(jsonb_populate_record(null::booking.bookings, ${details}::jsonb), 500, true)).id
        from app.set_context(${context}::jsonb)`,
  );
  return { id: booking.id, resource_id };
}

/** Lets the clock complete a booking, as it does when nobody else did. */
export async function complete({ id }: { id: string }, { marketplace }: Person): Promise<void> {
  const context = { marketplace, now: new Date() };
  for (const status of [KINDS[marketplace]?.running ?? '', 'completed'])
    await asOwner(
      sql`select (booking.transition(${id}::uuid, ${status}::text)).id from app.set_context(${context}::jsonb)`,
    );
}

/** A booking that has just been completed. */
export async function completed(customer: Person, provider: Person, resource_id?: string) {
  const booking = await placed(customer, provider, resource_id);
  await complete(booking, provider);
  return booking;
}

/** Writes the review of a booking. */
export const review = (
  person: Person,
  booking: { id: string },
  content: Record<string, unknown> = {},
  headers: Record<string, string> = {},
) => person.post(`/api/v1/bookings/${booking.id}/reviews`, { rating: 5, ...content }, { headers });

/** Writes the review of a booking and returns it. */
export async function reviewed(person: Person, booking: { id: string }, content = {}) {
  const answer = await review(person, booking, content);
  if (answer.status !== 201) throw new Error(`Reviewing answered ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** Events of a type that name something, oldest first. */
export const events = (type: string, id: string): Promise<{ payload: Record<string, unknown> }[]> =>
  asOwner(
    sql`select payload from app.outbox where type = ${type}::text and payload::text like '%' || ${id}::text || '%'
        order by id`,
  );
