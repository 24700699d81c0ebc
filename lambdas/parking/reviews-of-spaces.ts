import * as z from 'zod/mini';
import { id, instant, place, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';
import { approvalStatus, listingStatus, spaceFacts } from './parking.ts';
import { photo, photoRows, withUrls } from './photos.ts';

/** A space as staff see it who decide about it. */
export const ReviewedSpace = z.object({
  id: id('space'),
  owner_id: id('user'),
  title: spaceFacts.title,
  description: spaceFacts.description,
  address: spaceFacts.address,
  city: spaceFacts.city,
  state: spaceFacts.state,
  zip_code: spaceFacts.zip_code,
  location: place,
  listing_status: listingStatus,
  approval_status: approvalStatus,
  approval_reason: z.nullable(text(1, 500, 'The photo shows another street.')),
  photos: z.array(photo),
  created_at: instant,
});

/** What `parking.staff_view` says of a space. */
export const StaffRow = z.object({ space: z.extend(ReviewedSpace, { photos: photoRows }) });

export const present = ({ space }: z.output<typeof StaffRow>, now: Date) => withUrls(space, now);

/** Refusals of whatever staff decide about a space. */
export const staffRefusals = {
  own_space_review: refuse('own_space_review', 403, 'Somebody else must decide about your own space.'),
};
