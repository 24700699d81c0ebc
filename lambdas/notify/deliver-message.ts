import type * as z from 'zod/mini';
import { marketplaceOf } from '../../marketplaces/index.ts';
import { aboutPhone } from '../identity/identity.ts';
import { log } from '../kernel/log.ts';
import { codeOf } from '../kernel/one-time-code.ts';
import type { Delivery } from '../kernel/queue.ts';
import { unseal } from '../kernel/seal.ts';
import { sql } from '../kernel/sql.ts';
import { fillTemplate, readValue } from './fill-template.ts';
import { type Channel, Claim, type Letter, type Queued } from './notify.ts';
import { templateOf } from './templates.ts';

/** The provider refuses this very message: another try would be refused as well. */
export class Undeliverable extends Error {}

/**
 * Errors that are about the message or its recipient. Everything else (throttling, an outage, a missing right, an account
 * that may not send) may be over at the next try, and reaches the dead-letter queue and its alarm when it is not.
 */
const PERMANENT = new Set([
  'BadRequestException',
  'ConflictException',
  'InvalidParameterException',
  'InvalidParameterValueException',
  'InvalidParametersException',
  'MessageRejected',
  'ValidationException',
]);

/**
 * Sends one queued message: claims it, fills its template, hands it to the provider and writes what became of it. A message
 * that is settled or may not be sent any more is left alone.
 *
 * No provider takes an idempotency key, so a sender that dies between the provider's answer and its own note sends
 * twice; a twin of the delivery does not.
 *
 * @param send returns the provider's id of the message
 */
export async function deliverMessage(
  queued: z.output<typeof Queued>,
  channel: Channel,
  { db, marketplace, event_id }: Delivery,
  send: (letter: Letter) => Promise<string | undefined>,
): Promise<void> {
  const claim = await db.maybeOne(
    'otp_id' in queued
      ? sql`select * from notify.claim_code(${event_id}::uuid, ${queued.otp_id}::uuid, ${channel}::text)`
      : sql`select * from notify.claim(${queued.message_id}::uuid)`,
    Claim,
  );
  if (claim === null) return;
  if (claim.busy) throw new Error('Another delivery is sending this message. It is looked at again later.');
  const settle = (status: 'sent' | 'failed' | 'queued', providerId: string | null, error: string | null) =>
    db.execute(
      sql`select notify.settle(${claim.id}::uuid, ${status}::text, ${providerId}::text, ${error}::text)`,
    );
  let providerId: string | undefined;
  try {
    providerId = await send(await write(claim, marketplace));
  } catch (error) {
    const { name, message } = error as Error;
    const permanent = error instanceof Undeliverable || PERMANENT.has(name);
    await settle(permanent ? 'failed' : 'queued', null, `${name}: ${message}`.slice(0, 500));
    // A provider's sentence may hold the address or number: it stays in the table, and only its name is logged.
    if (!permanent) throw new Error(`The provider did not take message ${claim.id}: ${name}`);
    log.warn('a message cannot be delivered', { message_id: claim.id, channel, error: name });
    return;
  }
  await settle('sent', providerId ?? null, null);
}

/** The message in the person's language. A one-time code is derived here, and nowhere else before. */
async function write(claim: z.output<typeof Claim>, slug: string): Promise<Letter> {
  const marketplace = marketplaceOf(slug);
  if (!marketplace) throw new Error(`There is no marketplace ${slug}.`);
  const { template, language } = templateOf(claim.template, claim.language ?? marketplace.language);
  // A marketplace says which English it speaks: a time is written as people there write it.
  const locale = marketplace.language.startsWith(language) ? marketplace.language : language;
  const variables: Record<string, string> = { ...claim.variables, marketplace: marketplace.name };
  const code = claim.code_id === null ? undefined : await codeOf(claim.code_id);
  if (code !== undefined) variables.code = code;
  return {
    template: claim.template,
    language,
    subject: fillTemplate(template.subject, variables, locale),
    text: fillTemplate(template.text, variables, locale),
    short: fillTemplate(template.short, variables, locale),
    parameters: template.whatsapp.map(name => readValue(name, variables, locale)),
    ...(code === undefined ? {} : { code }),
    destinations: await openDestinations(claim),
  };
}

/** Numbers are sealed at rest: they are opened where they are dialled. */
async function openDestinations({ destinations, phone_hash }: z.output<typeof Claim>): Promise<string[]> {
  if (phone_hash === null) return destinations;
  return Promise.all(destinations.map(sealed => unseal(sealed, aboutPhone(phone_hash))));
}
