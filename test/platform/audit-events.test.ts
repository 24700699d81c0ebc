import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { booked, inHours, listed, vehicleOf } from '../parking/spaces.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { signUp, signUpStaff } from '../support/people.ts';

const linesOf = (record: string) =>
  asOwner(
    sql`select user_id, action, category, metadata - 'event_id' as facts from app.audit_logs
        where record_id = ${record}::text and category = 'booking' order by id`,
  );

test('what people book, move and cancel stands in the audit log once its events were carried, each once', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const driver = await signUp('driveway', { roles: ['driver'] });
  const space = await listed(host);
  const { id: vehicle_id } = await vehicleOf(driver);
  const booking = await booked(driver, space, inHours(48), inHours(50), { vehicle_id });
  const moved = await driver.post(`/api/v1/parking/bookings/${booking.id}/reschedule`, {
    from: inHours(49),
    to: inHours(51),
  });
  expect(moved.status, moved.text).toBe(200);
  await host.post(`/api/v1/bookings/${booking.id}/cancel`, { reason: 'The gate is broken.' });
  expect(await linesOf(booking.id)).toEqual([]);
  await deliverEvents();
  await deliverEvents();
  expect(await linesOf(booking.id)).toMatchObject([
    { user_id: driver.id, action: 'booking.placed', facts: { number: booking.number, total_amount: 1150 } },
    { user_id: driver.id, action: 'booking.moved', facts: { starts_at: expect.any(String) } },
    {
      user_id: host.id,
      action: 'booking.cancelled',
      facts: { cancelled_by: 'provider', refund_amount: 1150 },
    },
  ]);
  const staff = await signUpStaff('driveway');
  const { body } = await staff.get(`/api/v1/admin/audit-logs?category=booking&record_id=${booking.id}`);
  expect(body.items.map(({ action }: { action: string }) => action)).toEqual([
    'booking.cancelled',
    'booking.moved',
    'booking.placed',
  ]);
});

test('what nobody cancelled is nobody’s, and events that say nothing of a record leave no line', async () => {
  const id = randomUUID();
  const event = (type: string, payload: Record<string, unknown>) => ({
    id: randomUUID(),
    marketplace: 'driveway',
    type,
    payload: { booking_id: id, ...payload },
    created_at: new Date().toISOString(),
  });
  const events = [event('booking.cancelled', { cancelled_by: 'system' }), event('booking.confirmed', {})];
  await asOwner(sql`
    select app.audit_events(array(
      select jsonb_populate_record(null::app.outbox, e) from jsonb_array_elements(${events}::jsonb) as e))::text as done`);
  expect(await linesOf(id)).toEqual([
    {
      user_id: null,
      action: 'booking.cancelled',
      category: 'booking',
      facts: { booking_id: id, cancelled_by: 'system' },
    },
  ]);
});
