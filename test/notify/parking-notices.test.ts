import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { newAccount, newPhone } from '../identity/accounts.ts';
import { asOwner } from '../support/database.ts';
import { consume, newEventId } from './notices.ts';

/** What the person of an event is told. */
async function toldOf(type: string, facts: Record<string, unknown>, contact = {}) {
  const { user } = await newAccount(contact);
  const event = {
    id: await newEventId(),
    marketplace: 'driveway',
    type,
    payload: { user_id: user.id, ...facts },
  };
  expect(await consume('notifications', event)).toBe(0);
  const messages = await asOwner(
    sql`select user_id, channel, template, variables from notify.messages where event_id = ${event.id}::uuid`,
  );
  return { user_id: user.id, messages };
}

test.each([
  ['approved', null, 'space_approved', ''],
  ['rejected', 'The photo shows another street.', 'space_rejected', 'The photo shows another street.'],
])('an owner is told of a space that was %s, and why', async (approval_status, why, template, reason) => {
  const facts = { space_id: randomUUID(), title: 'Garage in Kothrud', approval_status, reason: why };
  const { user_id, messages } = await toldOf('parking.space_reviewed', facts);
  const variables = { resource_name: 'Garage in Kothrud', reason };
  expect(messages).toEqual([{ user_id, channel: 'email', template, variables }]);
});

test('a driver whose car was not sent its way is told at once, on the telephone', async () => {
  const facts = { booking_id: randomUUID(), error: 'vehicle_asleep' };
  const variables = { number: 'DRV-2026-000001', resource_name: 'Driveway near Dolores Park' };
  const { user_id, messages } = await toldOf(
    'parking.navigation_failed',
    { ...facts, ...variables },
    { phone: newPhone() },
  );
  expect(messages).toEqual([{ user_id, channel: 'sms', template: 'navigation_failed', variables }]);
});
