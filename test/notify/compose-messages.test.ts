import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { newAccount, newPhone } from '../identity/accounts.ts';
import { messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type BusEvent, bookingVariables, consume, newEventId } from './notices.ts';

const booking = (customer_id: string, provider_id: string, awaits: string | null = null) => ({
  ...bookingVariables,
  booking_id: randomUUID(),
  module: 'parking',
  customer_id,
  provider_id,
  awaits,
});

const eventOf = async (type: string, payload: Record<string, unknown>): Promise<BusEvent> => ({
  id: await newEventId(),
  marketplace: 'driveway',
  type,
  payload,
});

const composed = (event: BusEvent) =>
  asOwner(
    sql`select user_id, channel, template from notify.messages where event_id = ${event.id}::uuid order by template, user_id`,
  );

const announced = async (event: BusEvent) =>
  asOwner(
    sql`select o.payload ->> 'channel' as channel from app.outbox o join notify.messages m
          on m.id = (o.payload ->> 'message_id')::uuid
        where o.type = 'notify.message_queued' and m.event_id = ${event.id}::uuid order by 1`,
  );

test('both parties are told of a confirmed booking, by e-mail where there is an address, else by SMS', async () => {
  const driver = await newAccount({ roles: ['driver'], phone: newPhone(), email: undefined });
  const host = await newAccount();
  const event = await eventOf('booking.confirmed', booking(driver.user.id, host.user.id));
  expect(await consume('notifications', event)).toBe(0);
  expect(await composed(event)).toEqual([
    { user_id: driver.user.id, channel: 'sms', template: 'booking_confirmed' },
    { user_id: host.user.id, channel: 'email', template: 'booking_received' },
  ]);
  expect(await announced(event)).toEqual([{ channel: 'email' }, { channel: 'sms' }]);
});

test('an event that comes twice, even at once, makes its messages once', async () => {
  const [driver, host] = [await newAccount(), await newAccount()];
  const event = await eventOf('booking.cancelled', booking(driver.user.id, host.user.id));
  await consume('notifications', event, event, event);
  await consume('notifications', event);
  expect(await composed(event)).toHaveLength(2);
  expect(await announced(event)).toHaveLength(2);
});

test.each([
  ['booking.placed', 'answer', ['booking_request_sent', 'booking_requested']],
  ['booking.placed', 'payment', []],
  ['booking.placed', null, []],
  ['booking.requested', 'answer', ['booking_request_sent', 'booking_requested']],
  ['booking.confirmed', null, ['booking_confirmed', 'booking_received']],
  ['booking.cancelled', null, ['booking_cancelled', 'booking_cancelled']],
  ['booking.declined', null, ['booking_cancelled', 'booking_cancelled']],
  ['booking.expired', null, ['booking_expired', 'booking_expired']],
  ['booking.payment_expired', null, ['booking_unpaid']],
  ['booking.moved', null, ['booking_moved', 'booking_moved']],
  ['booking.move_requested', null, ['booking_move_requested', 'booking_move_sent']],
  ['booking.move_declined', null, ['booking_move_declined']],
  ['booking.move_withdrawn', null, ['booking_move_withdrawn']],
  ['booking.move_expired', null, ['booking_move_expired', 'booking_move_expired']],
  ['booking.move_ended', null, ['booking_move_ended', 'booking_move_ended']],
  ['booking.overstayed', null, ['booking_overstayed', 'booking_overstayed']],
  ['booking.no_show', null, ['booking_not_arrived', 'booking_not_arrived']],
])('%s of a booking that waits for %s makes %j', async (type, awaits, templates) => {
  const [driver, host] = [await newAccount(), await newAccount()];
  const event = await eventOf(type, booking(driver.user.id, host.user.id, awaits));
  expect(await consume('notifications', event)).toBe(0);
  expect((await composed(event)).map(row => row.template)).toEqual(templates);
});

test('nobody of another marketplace and nobody deleted is written to', async () => {
  const foreigner = await newAccount({ roles: ['customer'] }, 'handie');
  const gone = await newAccount();
  await asOwner(
    sql`update identity.users set account_status = 'deleted', deleted_at = app.now()
        where id = ${gone.user.id}::uuid returning id`,
  );
  const event = await eventOf('booking.confirmed', booking(foreigner.user.id, gone.user.id));
  expect(await consume('notifications', event)).toBe(0);
  expect(await composed(event)).toEqual([]);
});

test("a message's id holds the time of its event, so that a late twin finds it", async () => {
  const [driver, host] = [await newAccount(), await newAccount()];
  const event = await eventOf('booking.confirmed', booking(driver.user.id, host.user.id));
  await consume('notifications', event);
  const rows = await asOwner(sql`select id from notify.messages where event_id = ${event.id}::uuid`);
  expect(rows).toHaveLength(2);
  for (const { id } of rows) {
    expect(id.slice(0, 13)).toBe(event.id.slice(0, 13));
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  }
});

test('from the outbox to the provider, both parties are written to', async () => {
  const [driver, host] = [await newAccount(), await newAccount()];
  await asOwner(
    sql`insert into app.outbox (marketplace, type, payload)
        values ('driveway', 'booking.confirmed', ${booking(driver.user.id, host.user.id)}::jsonb) returning id`,
  );
  await deliverEvents();
  expect(await messagesTo(driver.user.email)).toMatchObject([
    { subject: 'Booking DRV-2026-000042 is confirmed' },
  ]);
  expect(await messagesTo(host.user.email)).toMatchObject([{ subject: 'New booking DRV-2026-000042' }]);
});
