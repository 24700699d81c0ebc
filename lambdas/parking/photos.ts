import * as z from 'zod/mini';
import { id, text } from '../kernel/fields.ts';
import { fileUrl } from '../kernel/stored-files.ts';

const caption = z.nullable(text(1, 200, 'The gate from the street'));

/** A photograph of a space. Its URL works for five minutes. */
export const photo = z.object({
  upload_id: id('upload'),
  caption,
  url: text(1, 4000, 'https://uploads.example.com/stored/driveway/019a/019b?X-Amz-Signature=…'),
});

/** Photographs in order, as a client names them. */
export const newPhotos = z
  .array(z.strictObject({ upload_id: id('upload'), caption: z._default(caption, null) }))
  .check(
    z.maxLength(20),
    z.refine(
      photos => new Set(photos.map(({ upload_id }) => upload_id.toLowerCase())).size === photos.length,
      {
        error: 'must not name a file twice',
      },
    ),
  );

/** The photographs of a row as `parking.shown_photos` has them, or null where there is none: `withUrls` makes what is answered. */
export const photoRows = z.nullable(
  z.array(z.object({ upload_id: id('upload'), caption, object_name: z.string() })),
);

/** Makes the URLs of a row's photographs. Needs 'stored-files'. */
export function withUrls<R extends { photos: z.output<typeof photoRows> }>({ photos, ...row }: R, now: Date) {
  return {
    ...row,
    photos: (photos ?? []).map(({ object_name, ...rest }) => ({ ...rest, url: fileUrl(object_name, now) })),
  };
}
