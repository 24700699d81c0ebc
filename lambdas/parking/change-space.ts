import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { OwnSpace, spaceFacts, spaceRefusals, spaceSecrets } from './parking.ts';
import { photoRows, withUrls } from './photos.ts';

const Changes = z.partial(
  z.object({
    ...spaceFacts,
    ...spaceSecrets,
    /** Paused while it is inactive: neither found nor booked. What is booked stays booked. */
    listing_status: z.enum(['active', 'inactive']).check(z.meta({ examples: ['inactive'] })),
  }),
);

const Row = z.extend(OwnSpace, { photos: photoRows });

/**
 * Changes a space of the caller's, and pauses it or brings it back. What is left out stays. Where staff approve spaces, one whose
 * title, description or place has changed, and one they rejected, waits for them anew.
 */
export const changeSpace = useCase({
  route: 'PATCH /api/v1/parking/spaces/{space_id}',
  module: 'parking',
  summary: 'Change a space of mine',
  access: permitted('parking.list'),
  input: z.strictObject({ space_id: id('space'), ...Changes.shape }),
  output: OwnSpace,
  refusals: {
    ...spaceRefusals,
    space_suspended: refuse('space_suspended', 409, 'This space has been suspended by us.', 'listing_status'),
    units_booked: refuse(
      'units_booked',
      409,
      'So many places are booked. Cancel those bookings first, or wait for their end.',
      'capacity',
    ),
  },
  needs: ['stored-files'],
  async run({ space_id, ...changes }, { db, marketplace, now }) {
    if (changes.instant_booking_enabled === false && !marketplace.flows.parking?.on_request) {
      throw new Refusal(spaceRefusals.requests_not_supported);
    }
    const row = await db.one(
      sql`
        select s.*, (select jsonb_agg(to_jsonb(p) order by p.photo_order) from parking.shown_photos p
                     where p.space_id = s.id) as photos
        from parking.change_space(${space_id}::uuid, ${changes}::jsonb) s`,
      Row,
    );
    return withUrls(row, now);
  },
});

export const handler = http(changeSpace);
