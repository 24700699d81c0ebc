import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { Space } from './parking.ts';
import { photoRows, withUrls } from './photos.ts';

const Row = z.extend(Space, { photos: photoRows });

/** Shows one listed space to anybody. */
export const getSpace = useCase({
  route: 'GET /api/v1/parking/spaces/{space_id}',
  module: 'parking',
  summary: 'Get a parking space',
  access: everyone(),
  cache: { scope: 'public', max_age: 60 },
  input: z.strictObject({ space_id: id('space') }),
  output: Space,
  needs: ['stored-files'],
  async run({ space_id }, { db, now }) {
    const row = await db.one(
      sql`
        select s.*, (select jsonb_agg(to_jsonb(p) order by p.photo_order) from parking.shown_photos p
                     where p.space_id = s.id) as photos
        from parking.public_spaces s
        where s.id = ${space_id}::uuid`,
      Row,
    );
    return withUrls(row, now);
  },
});

export const handler = http(getSpace);
