import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { OwnSpace } from './parking.ts';
import { photoRows, withUrls } from './photos.ts';

const Row = z.extend(OwnSpace, { photos: photoRows });

/** Shows a space to its owner, whether or not anybody else can see it. */
export const showMySpace = useCase({
  route: 'GET /api/v1/users/me/spaces/{space_id}',
  module: 'parking',
  summary: 'Show a space of mine',
  access: signedIn(),
  input: z.strictObject({ space_id: id('space') }),
  output: OwnSpace,
  needs: ['stored-files'],
  async run({ space_id }, { db, now }) {
    const row = await db.one(
      sql`
        select s.*, (select jsonb_agg(to_jsonb(p) order by p.photo_order) from parking.shown_photos p
                     where p.space_id = s.id) as photos
        from parking.my_spaces s
        where s.id = ${space_id}::uuid`,
      Row,
    );
    return withUrls(row, now);
  },
});

export const handler = http(showMySpace);
