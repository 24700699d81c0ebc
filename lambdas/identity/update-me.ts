import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { fullName, language } from './identity.ts';
import {
  contactVisibility,
  dateOfBirth,
  gender,
  notificationPreferences,
  Profile,
  ProfileRow,
  present,
} from './profile.ts';

/** Changes what a person may change of their own profile; what is left out stays. Status and roles are no fields of it. */
export const updateMe = useCase({
  route: 'PUT /api/v1/users/me',
  summary: 'Change my profile',
  access: signedIn(),
  input: z.strictObject({
    full_name: z.optional(fullName),
    preferred_language: z.optional(language),
    date_of_birth: z.optional(z.nullable(dateOfBirth)),
    gender: z.optional(z.nullable(gender)),
    profile_photo_id: z.optional(z.nullable(id('upload'))),
    notification_preferences: z.optional(notificationPreferences),
    contact_visibility: z.optional(contactVisibility),
  }),
  output: Profile,
  refusals: {
    date_of_birth_in_the_future: refuse(
      'date_of_birth_in_the_future',
      422,
      'Nobody is born in the future.',
      'date_of_birth',
    ),
    users_date_of_birth_check: refuse('too_long_ago', 422, 'This date is before 1900.', 'date_of_birth'),
    upload_not_usable: refuse(
      'upload_not_usable',
      422,
      'This is no photo of yours that has been uploaded.',
      'profile_photo_id',
    ),
  },
  needs: ['sealing', 'stored-files'],
  reveal: row => present(z.parse(ProfileRow, row), new Date()),
  async run(input, { db, now }) {
    const row = await db.one(sql`select * from identity.update_profile(${input}::jsonb)`, ProfileRow);
    return present(row, now);
  },
});

export const handler = http(updateMe);
