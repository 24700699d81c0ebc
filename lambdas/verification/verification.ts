import * as z from 'zod/mini';
import { flag, id, instant, text } from '../kernel/fields.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';

/** Types of documents; verification.documents knows the same list. */
export const documentType = z
  .enum([
    'government_id',
    'license',
    'nbi_clearance',
    'health_cert',
    'address_proof',
    'business_registration',
    'certification',
    'insurance',
    'other',
  ])
  .check(z.meta({ examples: ['government_id'] }));

/** A day in the marketplace's zone, ISO 8601. */
export const day = z.iso.date({ abort: true }).check(
  z.refine(value => value >= '1900-01-01' && value < '2200-01-01', {
    error: 'must lie in the years 1900 to 2199',
  }),
  z.meta({ examples: ['2027-11-20'] }),
);

const documentStatus = z.enum(['pending', 'verified', 'rejected']).check(z.meta({ examples: ['pending'] }));

/** Of somebody whose roles need documents; null where they need none. */
export const standing = z.nullable(
  z.enum(['pending', 'under_review', 'verified', 'rejected']).check(z.meta({ examples: ['under_review'] })),
);

/** A document as its owner sees it. `is_expired` is asked of the day, so it holds before anything has noticed. */
export const Document = z.object({
  id: id('document'),
  type: documentType,
  upload_id: id('upload'),
  back_upload_id: z.nullable(id('upload')),
  // Four signs, some of which JavaScript counts twice.
  number_last4: z.nullable(text(1, 8, '4321')),
  expires_on: z.nullable(day),
  is_expired: flag,
  status: documentStatus,
  reason: z.nullable(text(1, 500, 'The photo is too dark to read.')),
  reviewed_at: z.nullable(instant),
  created_at: instant,
});

/** A document as staff see it in the queue. */
export const QueuedDocument = z.object({ document: Document, user_id: id('user'), standing });

const badge = text(1, 40, 'Phone Verified');

/** What a person sees of their own verification. The levels are independent of each other. */
export const Verification = z.object({
  phone_verified_at: z.nullable(instant),
  email_verified_at: z.nullable(instant),
  aadhaar_verified_at: z.nullable(instant),
  aadhaar_last4: z.nullable(text(4, 4, '0124')),
  face_verified_at: z.nullable(instant),
  is_fully_verified: flag,
  badges: z.array(badge),
  standing,
  rejection_reason: z.nullable(text(1, 500, 'The photo is too dark to read.')),
  required_documents: z.array(documentType),
  missing_documents: z.array(documentType),
});

/** Refusals of the routes that ask a provider. */
export const providerRefusals = {
  provider_unavailable: refuse(
    'provider_unavailable',
    424,
    'The verification service does not answer at the moment. Try again later.',
  ),
};

/** Refuses because of a provider that may be back in so many seconds. */
export const unavailable = (seconds: number, cause?: unknown) =>
  new Refusal(providerRefusals.provider_unavailable, {
    headers: { 'retry-after': String(seconds) },
    cause,
  });

/** What a document's sealed number is sealed as: its picture is known before the document has an id. */
export const aboutNumber = (uploadId: string) => `verification.documents.number/${uploadId}`;
