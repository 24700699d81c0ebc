import * as z from 'zod/mini';
import { marketplaceOf } from '../../marketplaces/index.ts';
import type { Notice } from './notify.ts';
import type { TemplateName } from './templates.ts';

/** What the notices take from an event of an account. */
const AccountEvent = z.object({
  user_id: z.uuid(),
  occurred_at: z.string(),
  change_id: z.optional(z.uuid()),
  former_kind: z.optional(z.enum(['email', 'phone'])),
  account_status: z.optional(z.string()),
  reason: z.optional(z.nullable(z.string())),
  until: z.optional(z.nullable(z.string())),
});

/** What the person is told when something about the ways into the account has changed. */
const RULES: Readonly<Record<string, TemplateName>> = {
  'identity.new_device_signed_in': 'new_device_signed_in',
  'identity.password_changed': 'password_changed',
  'identity.two_factor_enabled': 'two_factor_enabled',
  'identity.two_factor_disabled': 'two_factor_disabled',
  'identity.contact_changed': 'contact_changed',
  'identity.contact_lost': 'contact_lost',
};

const STATUS_CHANGED = 'identity.account_status_changed';

/** The events of accounts that are told of. */
export const accountEvents = [...Object.keys(RULES), STATUS_CHANGED];

/**
 * The notice that an event of an account causes, none for an event that needs none. Of a changed address or number its former one is
 * told: whoever has taken over the account reads the new one.
 */
export function accountNotices(type: string, event: unknown, slug: string): Notice[] {
  const template = RULES[type];
  if (!template && type !== STATUS_CHANGED) return [];
  const facts = z.parse(AccountEvent, event);
  const time_zone = marketplaceOf(slug)?.time_zone ?? 'UTC';
  if (!template) return [statusNotice(facts, time_zone)];
  const { user_id, occurred_at, change_id, former_kind } = facts;
  const variables = { happened_at: occurred_at, time_zone };
  if (change_id === undefined) return [{ user_id, template, channels: ['email', 'sms'], variables }];
  const channels = [former_kind === 'phone' ? 'sms' : 'email'] as const;
  return [{ user_id, template, channels, variables, contact_change_id: change_id }];
}

/** What the person is told when staff have closed or opened the account: why, and until when. */
function statusNotice(facts: z.output<typeof AccountEvent>, time_zone: string): Notice {
  const { user_id, account_status, reason, until } = facts;
  const told = { user_id, channels: ['email', 'sms'] as const };
  const because = { reason: reason ?? '' };
  if (account_status === 'banned') return { ...told, template: 'account_banned', variables: because };
  if (account_status !== 'suspended') return { ...told, template: 'account_reopened', variables: {} };
  return until
    ? { ...told, template: 'account_suspended_until', variables: { ...because, ends_at: until, time_zone } }
    : { ...told, template: 'account_suspended', variables: because };
}
