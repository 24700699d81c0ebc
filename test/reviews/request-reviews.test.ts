import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { fillTemplate } from '../../lambdas/notify/fill-template.ts';
import { templateOf } from '../../lambdas/notify/templates.ts';
import { consume } from '../notify/notices.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { completed, reviewed } from './completed.ts';

let host: Person;
let driver: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

/** What is written to somebody of a booking, once its events of a type have come to their consumer, each twice. */
async function told(type: string, booking: { id: string }, person: Person) {
  await runSchedule('sweep-timers');
  const events = await asOwner(
    sql`select id, marketplace, type, payload from app.outbox
        where type = ${type}::text and payload ->> 'booking_id' = ${booking.id}::text order by id`,
  );
  expect(await consume('notifications', ...events, ...events)).toBe(0);
  return asOwner(
    sql`select m.channel, m.template, m.variables from notify.messages m join app.outbox o on o.id = m.event_id
        where o.type = ${type}::text and o.payload ->> 'booking_id' = ${booking.id}::text
          and m.user_id = ${person.id}::uuid`,
  );
}

test('two hours after a booking was completed both sides are asked once, by an e-mail with a link', async () => {
  const booking = await completed(driver, host);
  advanceClock(119 * 60);
  expect(await told('reviews.requested', booking, driver)).toEqual([]);
  advanceClock(120);
  const [mail, ...more] = await told('reviews.requested', booking, driver);
  expect(mail).toMatchObject({ channel: 'email', template: 'review_requested' });
  expect(more).toEqual([]);
  const text = fillTemplate(templateOf('review_requested', 'en').template.text, mail.variables, 'en-US');
  expect(text).toContain(`https://driveway.example/bookings/${booking.id}/review`);
  expect(await told('reviews.requested', booking, host)).toHaveLength(1);
  advanceClock(3600);
  expect(await told('reviews.requested', booking, driver)).toHaveLength(1);
});

test('who has written already is not asked, and the other side is', async () => {
  const guest = await signUp('driveway', { roles: ['driver'] });
  const booking = await completed(guest, host);
  await reviewed(guest, booking);
  advanceClock(121 * 60);
  expect(await told('reviews.requested', booking, guest)).toEqual([]);
  expect(await told('reviews.requested', booking, host)).toHaveLength(1);
});

test('who does not want to hear of reviews is not asked', async () => {
  const quiet = await signUp('driveway', { roles: ['driver'] });
  const no = { reviews: false };
  await quiet.put('/api/v1/users/me', { notification_preferences: { email: no, push: no, sms: no } });
  const booking = await completed(quiet, host);
  advanceClock(121 * 60);
  expect(await told('reviews.requested', booking, quiet)).toEqual([]);
  expect(await told('reviews.requested', booking, host)).toHaveLength(1);
});

test('a review is told to whom it is about once it can be read', async () => {
  const guest = await signUp('driveway', { roles: ['driver'] });
  const booking = await completed(guest, host);
  await reviewed(host, booking);
  expect(await told('reviews.opened', booking, guest)).toEqual([]);
  await reviewed(guest, booking);
  expect(await told('reviews.opened', booking, guest)).toMatchObject([{ template: 'review_received' }]);
});
