import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { completed, review } from './completed.ts';

let therapist: Person;
let customer: Person;
beforeAll(async () => {
  therapist = await signUp('spacall', { roles: ['therapist'] });
  customer = await signUp('spacall', { roles: ['customer'] });
  // The smallest flow by which something can be booked there.
  await asOwner(
    sql`with made as (
          insert into booking.flows (marketplace, module, fingerprint, instant, unpaid, running, completed, no_show, cancelled,
            live, transitions, timers, is_current)
          select 'spacall', 'services', 'reviews-test', 'confirmed', 'confirmed', 'in_progress', 'completed', 'no_show',
            'cancelled', '{confirmed,in_progress}',
            '[{"from": "confirmed", "to": "in_progress", "by": ["system"]},
              {"from": "in_progress", "to": "completed", "by": ["system"]}]', '[]', true
          where not exists (
            select from booking.flows where marketplace = 'spacall' and module = 'services' and is_current)
          returning id)
        insert into booking.flow_statuses (flow_id, status)
        select made.id, s.status from made,
          unnest(array['confirmed', 'in_progress', 'completed', 'no_show', 'cancelled']) as s (status)
        returning status`,
  );
});

test('both sides rate details beside the whole, or none', async () => {
  const booking = await completed(customer, therapist);
  const details = { professionalism: 5, communication: 4, timeliness: 3, quality: 5 };
  const answer = await review(customer, booking, { rating: 4, detail_ratings: details });
  expect(answer).toMatchObject({
    status: 201,
    body: { review_type: 'customer_to_provider', detail_ratings: details },
  });
  expect(await review(therapist, booking)).toMatchObject({
    status: 201,
    body: { review_type: 'provider_to_customer', detail_ratings: {} },
  });
});

test.each([{ timeliness: 0 }, { timeliness: 6 }, { timeliness: 2.5 }, { timeliness: '5' }, { 'a b': 5 }])(
  '%j is refused',
  async detail_ratings => {
    const booking = await completed(customer, therapist);
    expect(await review(customer, booking, { detail_ratings })).toMatchObject({
      status: 400,
      body: { errors: [{ field: expect.stringMatching(/^detail_ratings/) }] },
    });
  },
);

test('a detail that the marketplace does not know is refused by name', async () => {
  const booking = await completed(customer, therapist);
  expect(await review(customer, booking, { detail_ratings: { charm: 5 } })).toMatchObject({
    status: 422,
    body: { code: 'unknown_detail', errors: [{ field: 'detail_ratings' }] },
  });
});
