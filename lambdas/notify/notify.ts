import * as z from 'zod/mini';
import { type TemplateName, templateNames } from './templates.ts';

/** A way to reach somebody. Each has a queue and a consumer of its own. */
export type Channel = 'sms' | 'whatsapp' | 'email' | 'push';

/** What reaches the queue of a channel: a message that was written, or a one-time code that was asked for. */
export const Queued = z.union([z.object({ message_id: z.uuid() }), z.object({ otp_id: z.uuid() })]);

/** Events by which a message reaches the queue of a channel. */
export const queuedEvents = ['notify.message_queued', 'identity.code_requested'] as const;

/** A message that this sender has claimed, or that a twin is sending. */
export const Claim = z.object({
  busy: z.boolean(),
  id: z.uuid(),
  template: z.enum(templateNames),
  variables: z.record(z.string(), z.string()),
  language: z.nullable(z.string()),
  code_id: z.nullable(z.uuid()),
  destinations: z.array(z.string()),
  /** Where there is one, the destination is a phone number, sealed under it. */
  phone_hash: z.nullable(z.string()),
});

/** A message as a channel sends it. */
export type Letter = {
  template: TemplateName;
  /** The language of the template: `en`. */
  language: string;
  subject: string;
  text: string;
  /** For SMS and push. */
  short: string;
  /** The parameters of the WhatsApp template, in order. */
  parameters: readonly string[];
  /** The one-time code, in a message that brings one. */
  code?: string;
  destinations: readonly string[];
};

/** What people can choose not to be told of, by channel. */
export type Topic = 'bookings' | 'payments' | 'messages' | 'reviews' | 'promotions';

/** Somebody to be told something, by the first of the channels that reaches the person and is wanted for the topic. */
export type Notice = {
  user_id: string;
  template: TemplateName;
  channels: readonly Channel[];
  /** Absent for what concerns the account itself: nobody turns that off. */
  topic?: Topic;
  variables: Readonly<Record<string, string>>;
  /** The former address or number of this change is told, not the person's present one. */
  contact_change_id?: string;
};
