import * as z from 'zod/mini';
import { id, instant, text } from '../kernel/fields.ts';

/** What a token may do: a permission by its name, 'read' for every GET, or '*' for all that its owner may do. */
export const abilities = z
  .array(z.string().check(z.regex(/^(\*|read|[a-z_]+(\.[a-z_]+)+)$/), z.meta({ examples: ['read'] })))
  .check(z.minLength(1), z.maxLength(50));

/** A personal access token, without itself: it is shown once. */
export const AccessToken = z.object({
  id: id('access_token'),
  name: text(1, 100, 'Nightly export'),
  abilities,
  expires_at: z.nullable(instant),
  created_at: instant,
});
