import * as z from 'zod/mini';
import { flag } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Consent, consentPurpose, consentVersion } from './privacy.ts';

/** Writes down that a person agrees to a purpose, or takes it back: with the version that they read, the time and the place. */
export const answerConsent = useCase({
  route: 'PUT /api/v1/users/me/consents',
  summary: 'Give or withdraw a consent',
  access: signedIn(),
  input: z.strictObject({ purpose: consentPurpose, version: consentVersion, is_given: flag }),
  output: Consent,
  async run({ purpose, version, is_given }, { db }) {
    return db.one(
      sql`select purpose, version, is_given, created_at
          from privacy.answer_consent(${purpose}::text, ${version}::text, ${is_given}::boolean)`,
      Consent,
    );
  },
});

export const handler = http(answerConsent);
