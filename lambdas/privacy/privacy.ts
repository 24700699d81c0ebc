import * as z from 'zod/mini';
import { count, flag, id, instant, text } from '../kernel/fields.ts';

/** What a person is asked to agree to. */
export const consentPurpose = z
  .enum(['terms', 'privacy_policy', 'marketing', 'analytics', 'location', 'verification'])
  .check(z.meta({ examples: ['marketing'] }));

/** The version of the text that the person read. */
export const consentVersion = text(1, 40, '2026-11');

/** The newest answer of a person to one purpose. */
export const Consent = z.object({
  purpose: consentPurpose,
  version: consentVersion,
  is_given: flag,
  created_at: instant,
});

/** An archive of everything that is held on a person. */
export const Export = z.object({
  id: id('export'),
  status: z.enum(['pending', 'ready', 'failed']).check(z.meta({ examples: ['ready'] })),
  bytes: z.nullable(count(0, Number.MAX_SAFE_INTEGER, 48_213)),
  created_at: instant,
  ready_at: z.nullable(instant),
  expires_at: z.nullable(instant),
});

/** The same with the name of its object in the private bucket. */
export const ExportRow = z.extend(Export, { object_name: z.string() });
