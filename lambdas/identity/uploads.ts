import * as z from 'zod/mini';
import { count, id, instant, text } from '../kernel/fields.ts';

/** Bytes that one file may have. */
export const LARGEST_FILE = 10 * 2 ** 20;

const PICTURES = ['image/jpeg', 'image/png', 'image/webp'];

/** What a file is for, and which types it may have then. */
export const contentTypes: Readonly<
  Record<'profile_photo' | 'document' | 'space_photo' | 'review_photo', readonly string[]>
> = {
  profile_photo: PICTURES,
  document: [...PICTURES, 'application/pdf'],
  space_photo: PICTURES,
  review_photo: PICTURES,
};

export const purpose = z
  .enum(['profile_photo', 'document', 'space_photo', 'review_photo'])
  .check(z.meta({ examples: ['profile_photo'] }));

export const contentType = z
  .enum(['image/jpeg', 'image/png', 'image/webp', 'application/pdf'])
  .check(z.meta({ examples: ['image/jpeg'] }));

/** What the person calls the file. */
export const fileName = text(1, 255, 'licence-front.jpg');

/**
 * A file as its owner sees it: a row of `identity.uploads`. It can be used once its status is `stored`; its object is
 * `storedKey(object_name)` in the bucket (see kernel/stored-files.ts).
 */
export const Upload = z.object({
  id: id('upload'),
  purpose,
  content_type: contentType,
  size: count(1, LARGEST_FILE, 183_204),
  file_name: z.nullable(fileName),
  status: z.enum(['pending', 'stored', 'rejected']).check(z.meta({ examples: ['stored'] })),
  created_at: instant,
});

/** The same with the name of its object, which is no secret but nobody's business. */
export const UploadRow = z.extend(Upload, { object_name: text(1, 200, 'driveway/019a/019b') });

/** How the files begin that are taken. Whatever a file is called, this is what it is. */
const SIGNATURES: readonly { type: string; at: number; bytes: Buffer }[] = [
  { type: 'image/jpeg', at: 0, bytes: Buffer.from([0xff, 0xd8, 0xff]) },
  { type: 'image/png', at: 0, bytes: Buffer.from('\x89PNG\r\n\x1a\n', 'latin1') },
  { type: 'image/webp', at: 8, bytes: Buffer.from('WEBPVP8') },
  { type: 'application/pdf', at: 0, bytes: Buffer.from('%PDF-') },
];

/** As many bytes as the longest signature reaches. */
export const SNIFFED_BYTES = 16;

/** The type of a file by its first bytes, or null for one that nobody may upload. */
export const sniff = (start: Buffer): string | null =>
  SIGNATURES.find(({ at, bytes }) => start.subarray(at, at + bytes.length).equals(bytes))?.type ?? null;
