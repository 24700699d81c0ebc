import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Profile, ProfileRow, present } from './profile.ts';

/** Shows a person their own profile. */
export const showMe = useCase({
  route: 'GET /api/v1/users/me',
  summary: 'Show my profile',
  access: signedIn(),
  input: z.strictObject({}),
  output: Profile,
  needs: ['sealing', 'stored-files'],
  cache: { scope: 'private', max_age: 0 },
  async run(_input, { db, now }) {
    return present(await db.one(sql`select * from identity.my_profile()`, ProfileRow), now);
  },
});

export const handler = http(showMe);
