import * as z from 'zod/mini';
import type { Page } from '../kernel/cursor.ts';
import { count, flag, id, instant, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';
import { fileUrl } from '../kernel/stored-files.ts';

/** One to five stars. */
export const rating = count(1, 5, 5);

/** Ratings beside the whole. Which there are, the marketplace says for each kind of review. */
export const detailRatings = z
  .record(z.string().check(z.regex(/^[a-z_]{1,40}$/)), rating)
  .check(z.meta({ examples: [{ timeliness: 5 }] }));

export const reviewText = text(1, 4000, 'Easy to find, and the gate opened at once.');
export const reviewType = text(1, 40, 'driver_to_host');
export const tags = z.array(text(1, 40, 'On time')).check(z.maxLength(10));

/** Uploads for the purpose `review_photo` that are stored, in the order in which they are shown. */
export const photoIds = z.array(id('upload')).check(z.maxLength(10));

/** Which side of a booking wrote it. */
export const side = z.enum(['customer', 'provider']).check(z.meta({ examples: ['customer'] }));

/** A picture of a review. Its URL works for five minutes. */
const Photo = z.object({
  id: id('upload'),
  url: text(1, 4000, 'https://uploads.example.com/stored/driveway/019a/019b?X-Amz-Signature=…'),
});
const photoRows = z.array(z.object({ id: id('upload'), object_name: z.string() }));

const reply = z.nullable(text(1, 2000, 'Thank you. Come again!'));

const content = {
  id: id('review'),
  resource_id: id('resource'),
  reviewer_type: side,
  review_type: reviewType,
  rating,
  detail_ratings: detailRatings,
  review_text: z.nullable(reviewText),
  tags,
  photos: z.array(Photo),
  is_verified: flag,
  is_featured: flag,
  /** Null where the account was deleted. */
  reviewer_name: z.nullable(text(1, 100, 'Asha')),
  reply,
  replied_at: z.nullable(instant),
  /** From when on everybody may read it. */
  opens_at: instant,
};

/** A review as anybody sees it. Who wrote it is told by first name only. */
export const PublicReview = z.object(content);
export const PublicRow = z.extend(PublicReview, { photos: photoRows });

/** A review as its writer and, once it is open, whom it is about see it. */
export const Review = z.extend(PublicReview, {
  booking_id: id('booking'),
  module: text(1, 40, 'parking'),
  reviewer_id: id('user'),
  reviewee_id: id('user'),
  is_published: flag,
  is_flagged: flag,
  flagged_reason: z.nullable(text(1, 500, 'It names somebody’s telephone number.')),
  created_at: instant,
  updated_at: instant,
});
export const ReviewRow = z.extend(Review, { photos: photoRows });

/** Makes the pictures' URLs. Needs 'stored-files'. */
export function present<R extends { photos: z.output<typeof photoRows> }>(row: R, now: Date) {
  return {
    ...row,
    photos: row.photos.map(({ id, object_name }) => ({ id, url: fileUrl(object_name, now) })),
  };
}

/** The same for a page of a list. */
export const presentPage = <R extends Parameters<typeof present>[0]>(
  { items, next_cursor }: Page<R>,
  now: Date,
) => ({ items: items.map(row => present(row, now)), next_cursor });

/** The answer that was kept for an Idempotency-Key. Its pictures' URLs are made anew. */
export const reveal = async (row: unknown) => present(z.parse(ReviewRow, row), new Date());

/** How a resource or a person is rated. `counts` are how often each of 1 to 5 stars was given. */
export const Rating = z.object({
  rating: z.nullable(z.number().check(z.minimum(1), z.maximum(5), z.meta({ examples: [4.75] }))),
  review_count: count(0, 1_000_000_000, 4),
  counts: z.array(count(0, 1_000_000_000, 1)).check(z.meta({ examples: [[0, 0, 0, 1, 3]] })),
});

/** Refusals of whatever writes the content of a review. */
export const contentRefusals = {
  window_closed: refuse('window_closed', 409, 'The time in which this review could be written is over.'),
  unknown_detail: refuse(
    'unknown_detail',
    422,
    'One of these is not rated in this kind of review.',
    'detail_ratings',
  ),
  upload_not_usable: refuse(
    'upload_not_usable',
    422,
    'One of these is no photo of yours that has been uploaded.',
    'photo_ids',
  ),
  photos_upload_id_key: refuse(
    'photo_used',
    422,
    'One of these pictures shows in a review already.',
    'photo_ids',
  ),
};
