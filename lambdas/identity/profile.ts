import * as z from 'zod/mini';
import { day, flag, id, instant, text } from '../kernel/fields.ts';
import { fileUrl } from '../kernel/stored-files.ts';
import { Account, AccountRow } from './identity.ts';
import { withPhone } from './phones.ts';

export const gender = z
  .enum(['male', 'female', 'other', 'prefer_not_to_say'])
  .check(z.meta({ examples: ['female'] }));

/** ISO 8601, without a time. */
export const dateOfBirth = day.check(z.meta({ examples: ['1994-03-21'] }));

/** Whether a match opens the person's address and number. */
export const contactVisibility = z.enum(['visible', 'hidden']).check(z.meta({ examples: ['visible'] }));

const topics = z.strictObject({
  bookings: z.optional(flag),
  payments: z.optional(flag),
  messages: z.optional(flag),
  reviews: z.optional(flag),
  promotions: z.optional(flag),
});

/**
 * What a person wants to be told, by channel and topic. What is not said is wanted, promotions excepted. Codes and what concerns
 * the account's safety have no topic and cannot be turned off.
 */
export const notificationPreferences = z.strictObject({
  email: z.optional(topics),
  sms: z.optional(topics),
  whatsapp: z.optional(topics),
  push: z.optional(topics),
});

const photoUrl = z.nullable(
  text(1, 4000, 'https://uploads.example.com/stored/driveway/019a/019b?X-Amz-Signature=…'),
);
const badges = z.array(text(1, 40, 'Phone Verified'));

/** `full_name` is what is stored; first and last name are its first word and the rest. */
const facts = {
  first_name: text(1, 100, 'Asha'),
  last_name: z.nullable(text(1, 100, 'Rao')),
  date_of_birth: z.nullable(dateOfBirth),
  gender: z.nullable(gender),
  profile_photo_id: z.nullable(id('upload')),
  badges,
  onboarding_completed: flag,
  notification_preferences: notificationPreferences,
  contact_visibility: contactVisibility,
  last_active_at: z.nullable(instant),
};

/** What a person sees of their own profile. The photo's URL works for five minutes. */
export const Profile = z.extend(Account, { ...facts, profile_photo_url: photoUrl });

/** The same as `identity.my_profile` has it: `present` makes the one of the other. */
export const ProfileRow = z.extend(AccountRow, { ...facts, photo_name: z.nullable(z.string()) });

/** Opens the phone number and makes the photo's URL. Needs 'sealing' and 'stored-files'. */
export async function present({ photo_name, ...row }: z.output<typeof ProfileRow>, now: Date) {
  return { ...(await withPhone(row)), profile_photo_url: urlOf(photo_name, now) };
}

/** What others see of a person, before they have anything to do with each other. */
export const PublicProfile = z.object({
  id: id('user'),
  first_name: facts.first_name,
  profile_photo_url: photoUrl,
  badges,
  member_since: instant,
});

export const PublicRow = z.extend(z.omit(PublicProfile, { profile_photo_url: true }), {
  photo_name: z.nullable(z.string()),
});

export const urlOf = (name: string | null, now: Date) => (name === null ? null : fileUrl(name, now));
