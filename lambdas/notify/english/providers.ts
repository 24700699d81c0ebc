import type { Template } from '../templates.ts';

/** What providers read of what they hand in and list. */
export const providers = {
  document_verified: {
    subject: 'Your {document} has been verified',
    text: 'We have checked your {document}: it is verified in {marketplace}.',
    short: '{marketplace}: your {document} is verified.',
    whatsapp: ['document'],
  },
  document_rejected: {
    subject: 'Your {document} was not accepted',
    text: 'We could not accept your {document}. {marketplace} tells you why under your documents, where you can hand in another.',
    short: '{marketplace}: your {document} was not accepted. See why under your documents.',
    whatsapp: ['document'],
  },
  document_expiring: {
    subject: 'Your {document} runs out on {expires_on}',
    text: 'Your {document} runs out on {expires_on}. Hand in a new one in {marketplace} before that, or you cannot be found any more.',
    short: '{marketplace}: your {document} runs out on {expires_on}. Please renew it.',
    whatsapp: ['document', 'expires_on'],
  },
  document_expired: {
    subject: 'Your {document} has run out',
    text: 'Your {document} has run out. Hand in a new one in {marketplace}: until it is verified you cannot be found.',
    short: '{marketplace}: your {document} has run out. Please hand in a new one.',
    whatsapp: ['document'],
  },
  provider_verified: {
    subject: 'You are verified',
    text: 'All documents that {marketplace} needs of you are verified: you can be found now.',
    short: '{marketplace}: you are verified and can be found now.',
    whatsapp: [],
  },
  space_approved: {
    subject: '{resource_name} is approved',
    text: 'We have approved {resource_name}: it can be found and booked in {marketplace} now.',
    short: '{marketplace}: {resource_name} is approved and can be found now.',
    whatsapp: ['resource_name'],
  },
  space_rejected: {
    subject: '{resource_name} was not approved',
    text: 'We could not approve {resource_name}. The reason: {reason} Change it in {marketplace}, and we look at it again.',
    short: '{marketplace}: {resource_name} was not approved. {reason}',
    whatsapp: ['resource_name', 'reason'],
  },
} as const satisfies Record<string, Template>;
