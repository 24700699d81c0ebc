import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { newAccount, newEmail, newPhone } from '../identity/accounts.ts';
import { Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { bookingVariables, consume, newEventId } from './notices.ts';

const booking = async (customer_id: string, provider_id: string) => ({
  id: await newEventId(),
  marketplace: 'driveway',
  type: 'booking.confirmed',
  payload: {
    ...bookingVariables,
    booking_id: randomUUID(),
    module: 'parking',
    customer_id,
    provider_id,
    status: 'confirmed',
  },
});

/** By which channel each was told. */
async function told(preferences: unknown) {
  const driver = await newAccount({ roles: ['driver'], email: newEmail(), phone: newPhone() });
  const host = await newAccount();
  const person = new Client('driveway', driver.access_token);
  await person.put('/api/v1/users/me', { notification_preferences: preferences });
  const event = await booking(driver.user.id, host.user.id);
  expect(await consume('notifications', event)).toBe(0);
  const channels = await asOwner(
    sql`select user_id, channel from notify.messages where event_id = ${event.id}::uuid`,
  );
  const of = (id: string) => channels.filter(row => row.user_id === id).map(row => row.channel);
  return { driver: of(driver.user.id), host: of(host.user.id) };
}

test('whoever has said nothing is told by the first channel', async () => {
  expect(await told({})).toEqual({ driver: ['email'], host: ['email'] });
});

test('a channel that is not wanted for the topic is passed over, and the other party is told as ever', async () => {
  expect(await told({ email: { bookings: false } })).toEqual({ driver: ['sms'], host: ['email'] });
});

test('who wants none is not told', async () => {
  const none = { email: { bookings: false }, sms: { bookings: false } };
  expect(await told(none)).toEqual({ driver: [], host: ['email'] });
});

test('another topic turned off changes nothing', async () => {
  expect(await told({ email: { reviews: false } })).toEqual({ driver: ['email'], host: ['email'] });
});

test.each([
  ['promotions', {}, 0],
  ['promotions', { email: { promotions: true } }, 1],
  ['bookings', { email: { bookings: false } }, 0],
  [null, { email: { bookings: false, promotions: false } }, 1],
])(
  'a message of the topic %s with the preferences %j is written %d times',
  async (topic, preferences, count) => {
    const { user, access_token } = await newAccount();
    await new Client('driveway', access_token).put('/api/v1/users/me', {
      notification_preferences: preferences,
    });
    const message = {
      user_id: user.id,
      template: 'booking_confirmed',
      channels: ['email'],
      topic,
      variables: bookingVariables,
    };
    const [row] = await asOwner(
      sql`with context as materialized (
          select set_config('app.marketplace', 'driveway', true) as slug)
        select (select notify.enqueue(${await newEventId()}::uuid, ${[message]}::jsonb) where slug is not null) as written
        from context`,
    );
    expect(row.written).toBe(count);
  },
);
