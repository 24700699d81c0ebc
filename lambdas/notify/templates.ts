import { accounts } from './english/accounts.ts';
import { bookings } from './english/bookings.ts';
import { money } from './english/money.ts';
import { providers } from './english/providers.ts';

/**
 * What people read. A `{name}` is filled from the message's variables; one that ends in `_at` is an instant and is written
 * in the time zone beside it. `short` is for SMS and push, where each 160 characters cost. `whatsapp` names the template that
 * Meta has approved under this name and language, by the variables that it takes in order.
 */
export type Template = { subject: string; text: string; short: string; whatsapp: readonly string[] };

const en = { ...accounts, ...bookings, ...providers, ...money } as const satisfies Record<string, Template>;

export type TemplateName = keyof typeof en;

const LANGUAGES: Readonly<Record<string, Record<TemplateName, Template>>> = { en };

/**
 * A template in the person's language, or in English where there is no translation, with the language that it is in: the one under which
 * WhatsApp knows it. A region counts for how times are written only.
 */
export function templateOf(name: TemplateName, language: string): { template: Template; language: string } {
  const base = language.split('-')[0] ?? 'en';
  const translated = LANGUAGES[base];
  return translated ? { template: translated[name], language: base } : { template: en[name], language: 'en' };
}

/** Every template, as a message's row names it. */
export const templateNames = Object.keys(en) as TemplateName[];
