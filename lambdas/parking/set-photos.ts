import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { OwnSpace } from './parking.ts';
import { newPhotos, photoRows, withUrls } from './photos.ts';

const Row = z.object({ space: z.extend(OwnSpace, { photos: photoRows }) });

/**
 * Says which photographs a space of the caller's has, and in which order. Each was uploaded before as a `space_photo`. Those that are
 * not named are no longer shown.
 */
export const setPhotos = useCase({
  route: 'PUT /api/v1/parking/spaces/{space_id}/photos',
  module: 'parking',
  summary: 'Set the photographs of a space of mine',
  access: permitted('parking.list'),
  input: z.strictObject({ space_id: id('space'), photos: newPhotos }),
  output: OwnSpace,
  refusals: {
    upload_not_usable: refuse(
      'upload_not_usable',
      422,
      'One of these is no photo of yours that has been uploaded.',
      'photos',
    ),
  },
  needs: ['stored-files'],
  async run({ space_id, photos }, { db, now }) {
    const { space } = await db.one(
      sql`select parking.set_photos(${space_id}::uuid, ${photos}::jsonb) as space`,
      Row,
    );
    return withUrls(space, now);
  },
});

export const handler = http(setPhotos);
