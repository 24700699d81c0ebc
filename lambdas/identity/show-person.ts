import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { PublicProfile, PublicRow, urlOf } from './profile.ts';

/** Shows what everybody may know of a person. How to reach somebody is no part of it. */
export const showPerson = useCase({
  route: 'GET /api/v1/users/{user_id}',
  summary: 'Show somebody',
  access: signedIn(),
  input: z.strictObject({ user_id: id('user') }),
  output: PublicProfile,
  needs: ['stored-files'],
  async run(input, { db, now }) {
    const { photo_name, ...row } = await db.one(
      sql`select * from identity.public_profile(${input.user_id}::uuid)`,
      PublicRow,
    );
    return { ...row, profile_photo_url: urlOf(photo_name, now) };
  },
});

export const handler = http(showPerson);
