import type { Marketplace } from './marketplace.ts';

const admin = [
  'accounts.read',
  'accounts.suspend',
  'accounts.ban',
  'accounts.impersonate',
  'audit_logs.read',
  'verification.review',
  'bookings.manage',
  'parking.review',
  'reviews.moderate',
  'money.read',
  'money.adjust',
  'money.refund',
  'money.payout',
  'promos.manage',
  'settings.manage',
] as const;

/** What staff may do, by role: a marketplace takes what concerns the roles that it has. */
export const staffPermissions = {
  support: ['accounts.read', 'accounts.impersonate', 'bookings.manage'],
  operator: ['accounts.read'],
  moderator: ['accounts.read', 'accounts.suspend', 'parking.review', 'reviews.moderate'],
  finance: ['accounts.read', 'money.read', 'money.adjust', 'money.refund', 'money.payout', 'promos.manage'],
  admin,
  super_admin: [...admin, 'roles.manage'],
} as const satisfies Marketplace['permissions'];
