/**
 * What people read. A `{name}` is filled from the message's variables; one that ends in `_at` is an instant and is written
 * in the time zone beside it. `short` is for SMS and push, where each 160 characters cost. `whatsapp` names the template that
 * Meta has approved under this name and language, by the variables that it takes in order.
 */
export type Template = { subject: string; text: string; short: string; whatsapp: readonly string[] };

const en = {
  sign_in_code: {
    subject: 'Your {marketplace} code',
    text: '{code} is your {marketplace} code. It works for 10 minutes. Nobody from {marketplace} will ask you for it.',
    short: '{code} is your {marketplace} code. It works for 10 minutes. Do not share it.',
    whatsapp: ['code'],
  },
  booking_requested: {
    subject: 'Booking {number} waits for your answer',
    text: 'Somebody would like to book {resource_name} from {starts_at} to {ends_at}. Accept or decline booking {number} in {marketplace}.',
    short: '{marketplace}: {number} asks for {resource_name} from {starts_at}. Please answer.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_request_sent: {
    subject: 'We have asked for booking {number}',
    text: 'Your request for {resource_name} from {starts_at} to {ends_at} has been sent. We tell you as soon as booking {number} is answered.',
    short: '{marketplace}: your request {number} for {resource_name} has been sent.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_confirmed: {
    subject: 'Booking {number} is confirmed',
    text: 'Booking {number} of {resource_name} from {starts_at} to {ends_at} is confirmed.',
    short: '{marketplace}: {number} is confirmed. {resource_name}, {starts_at} to {ends_at}.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_received: {
    subject: 'New booking {number}',
    text: '{resource_name} has been booked from {starts_at} to {ends_at}. The booking is {number}.',
    short: '{marketplace}: {resource_name} is booked, {starts_at} to {ends_at}. {number}',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_cancelled: {
    subject: 'Booking {number} is cancelled',
    text: 'Booking {number} of {resource_name} from {starts_at} to {ends_at} is cancelled.',
    short: '{marketplace}: {number} of {resource_name} from {starts_at} is cancelled.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_expired: {
    subject: 'The request for booking {number} has run out',
    text: 'The request for {resource_name} from {starts_at} to {ends_at} was not answered in time, so booking {number} does not take place.',
    short: '{marketplace}: request {number} for {resource_name} was not answered in time.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
} as const satisfies Record<string, Template>;

export type TemplateName = keyof typeof en;

const LANGUAGES: Readonly<Record<string, Record<TemplateName, Template>>> = { en };

/** A template in the person's language, or in English where there is no translation, with the language that it is in. */
export function templateOf(name: TemplateName, language: string): { template: Template; language: string } {
  const base = language.split('-')[0] ?? 'en';
  const translated = LANGUAGES[base];
  return translated ? { template: translated[name], language: base } : { template: en[name], language: 'en' };
}

/** Every template, as a message's row names it. */
export const templateNames = Object.keys(en) as TemplateName[];
