import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { listingStatus, OwnSpace } from './parking.ts';
import { photoRows, withUrls } from './photos.ts';

const Row = z.extend(OwnSpace, { photos: photoRows });

/** Lists the caller's own spaces, newest first, whether or not anybody else can see them. */
export const listMySpaces = useCase({
  route: 'GET /api/v1/users/me/spaces',
  module: 'parking',
  summary: 'List my spaces',
  access: signedIn(),
  input: z.strictObject({
    listing_status: z.optional(listingStatus),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: page(OwnSpace),
  needs: ['stored-files'],
  async run({ listing_status = null, limit, cursor }, { db, now }) {
    const [before] = cursor ?? [null];
    const { items, next_cursor } = await db.page(
      sql`
        select s.*, (select jsonb_agg(to_jsonb(p) order by p.photo_order) from parking.shown_photos p
                     where p.space_id = s.id) as photos
        from parking.my_spaces s
        where (${listing_status}::text is null or s.listing_status = ${listing_status}::text)
          and (${before}::uuid is null or s.id < ${before}::uuid)
        order by s.id desc
        limit ${limit + 1}::integer`,
      Row,
      limit,
      row => [row.id],
    );
    return { items: items.map(row => withUrls(row, now)), next_cursor };
  },
});

export const handler = http(listMySpaces);
