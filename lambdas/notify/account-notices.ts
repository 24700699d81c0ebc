import * as z from 'zod/mini';
import { marketplaceOf } from '../../marketplaces/index.ts';
import type { Notice } from './notify.ts';
import type { TemplateName } from './templates.ts';

/** What the notices take from an event of an account. */
const AccountEvent = z.object({
  user_id: z.uuid(),
  occurred_at: z.string(),
  change_id: z.optional(z.uuid()),
  kind: z.optional(z.enum(['email', 'phone'])),
});

/** What the person is told when something about the ways into the account has changed. */
const RULES: Readonly<Record<string, TemplateName>> = {
  'identity.new_device_signed_in': 'new_device_signed_in',
  'identity.password_changed': 'password_changed',
  'identity.two_factor_enabled': 'two_factor_enabled',
  'identity.two_factor_disabled': 'two_factor_disabled',
  'identity.contact_changed': 'contact_changed',
};

/** The events of accounts that are told of. */
export const accountEvents = Object.keys(RULES);

/**
 * The notice that an event of an account causes, none for an event that needs none. Of a changed address or number its former one is
 * told: whoever has taken over the account reads the new one.
 */
export function accountNotices(type: string, event: unknown, slug: string): Notice[] {
  const template = RULES[type];
  if (!template) return [];
  const { user_id, occurred_at, change_id, kind } = z.parse(AccountEvent, event);
  const variables = { happened_at: occurred_at, time_zone: marketplaceOf(slug)?.time_zone ?? 'UTC' };
  if (change_id === undefined) return [{ user_id, template, channels: ['email', 'sms'], variables }];
  const channels = [kind === 'phone' ? 'sms' : 'email'] as const;
  return [{ user_id, template, channels, variables, contact_change_id: change_id }];
}
