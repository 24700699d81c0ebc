import type { Template } from '../templates.ts';

/** What people read of their accounts. */
export const accounts = {
  sign_in_code: {
    subject: 'Your {marketplace} code',
    text: '{code} is your {marketplace} code. It works for 10 minutes. Nobody from {marketplace} will ask you for it.',
    short: '{code} is your {marketplace} code. It works for 10 minutes. Do not share it.',
    whatsapp: ['code'],
  },
  reset_password_code: {
    subject: 'Set a new {marketplace} password',
    text: '{code} is your code to set a new {marketplace} password. It works for 10 minutes. If you did not ask for it, do nothing: your password stays as it is.',
    short: '{code} sets a new {marketplace} password. It works for 10 minutes. Do not share it.',
    whatsapp: ['code'],
  },
  set_password_code: {
    subject: 'Set a first {marketplace} password',
    text: '{code} confirms the first password of your {marketplace} account. It works for 10 minutes. If you did not ask for it, do not share it and end your other sessions.',
    short: '{code} confirms a first {marketplace} password. Not you? Do not share it.',
    whatsapp: ['code'],
  },
  sign_up_code: {
    subject: 'Confirm your {marketplace} account',
    text: '{code} confirms that this address or number goes to a new {marketplace} account. It works for 10 minutes. If you did not ask for it, do not share it.',
    short: '{code} confirms a new {marketplace} account. Not you? Do not share it.',
    whatsapp: ['code'],
  },
  start_two_factor_code: {
    subject: 'Set up a second factor for your {marketplace} account',
    text: '{code} confirms that your {marketplace} account gets a second factor. It works for 10 minutes. If you did not ask for it, do not share it and end your other sessions.',
    short: '{code} confirms a second factor for {marketplace}. Not you? Do not share it.',
    whatsapp: ['code'],
  },
  create_token_code: {
    subject: 'Confirm an access token for your {marketplace} account',
    text: '{code} confirms that your {marketplace} account gets an access token for a script. It works for 10 minutes. If you did not ask for it, do not share it and end your other sessions.',
    short: '{code} confirms an access token for {marketplace}. Not you? Do not share it.',
    whatsapp: ['code'],
  },
  delete_account_code: {
    subject: 'Confirm that you delete your {marketplace} account',
    text: '{code} confirms that you delete your {marketplace} account. It works for 10 minutes. If you did not ask for it, do not share it: your account stays.',
    short: '{code} confirms that you delete your {marketplace} account. Not you? Do not share it.',
    whatsapp: ['code'],
  },
  restore_account_code: {
    subject: 'Restore your {marketplace} account',
    text: '{code} restores the {marketplace} account that you deleted. It works for 10 minutes. If you did not ask for it, do not share it: the account stays closed.',
    short: '{code} restores your {marketplace} account. Not you? Do not share it.',
    whatsapp: ['code'],
  },
  account_suspended: {
    subject: 'Your {marketplace} account is suspended',
    text: 'Your {marketplace} account is suspended until our staff end it. The reason: {reason}',
    short: '{marketplace}: your account is suspended. {reason}',
    whatsapp: ['reason'],
  },
  account_suspended_until: {
    subject: 'Your {marketplace} account is suspended',
    text: 'Your {marketplace} account is suspended until {ends_at}. The reason: {reason}',
    short: '{marketplace}: your account is suspended until {ends_at}. {reason}',
    whatsapp: ['ends_at', 'reason'],
  },
  account_banned: {
    subject: 'Your {marketplace} account is closed',
    text: 'Our staff have closed your {marketplace} account for good. The reason: {reason}',
    short: '{marketplace}: our staff have closed your account. {reason}',
    whatsapp: ['reason'],
  },
  account_reopened: {
    subject: 'Your {marketplace} account is open',
    text: 'Our staff have opened your {marketplace} account. You can sign in again.',
    short: '{marketplace}: your account is open. You can sign in again.',
    whatsapp: [],
  },
  change_contact_code: {
    subject: 'Confirm a change of your {marketplace} account',
    text: 'Somebody who is signed in to your {marketplace} account wants to change its address or number. {code} confirms it within 10 minutes. If this was not you, do not share the code and change your password.',
    short: '{code} confirms a change of your {marketplace} account. Not you? Do not share it.',
    whatsapp: ['code'],
  },
  contact_changed: {
    subject: 'Your {marketplace} account has another contact now',
    text: 'On {happened_at} your {marketplace} account took another address or number in the place of this one. If this was not you, write to our support at once.',
    short: '{marketplace}: your account now uses another contact. Not you? Write to support.',
    whatsapp: ['happened_at'],
  },
  contact_lost: {
    subject: 'Your {marketplace} account has lost a contact',
    text: 'On {happened_at} somebody proved an address or number of your {marketplace} account, which you had never confirmed, to be theirs. It is not part of your account any more. Add one of yours.',
    short: '{marketplace}: a contact that you never confirmed has left your account. Add one of yours.',
    whatsapp: ['happened_at'],
  },
  new_device_signed_in: {
    subject: 'New sign-in to your {marketplace} account',
    text: 'Your {marketplace} account was signed in to from a new device or place on {happened_at}. If this was not you, end that session and change your password.',
    short: '{marketplace}: new sign-in on {happened_at}. Not you? Change your password.',
    whatsapp: ['happened_at'],
  },
  password_changed: {
    subject: 'Your {marketplace} password was changed',
    text: 'The password of your {marketplace} account was changed on {happened_at}. If this was not you, set a new one with a code.',
    short: '{marketplace}: your password was changed on {happened_at}. Not you? Set a new one.',
    whatsapp: ['happened_at'],
  },
  two_factor_enabled: {
    subject: 'Your {marketplace} account has a second factor',
    text: 'Signing in to your {marketplace} account takes a code of your authenticator app since {happened_at}. If this was not you, write to our support.',
    short: '{marketplace}: a second factor is on since {happened_at}. Not you? Write to support.',
    whatsapp: ['happened_at'],
  },
  two_factor_disabled: {
    subject: 'The second factor of your {marketplace} account is off',
    text: 'Signing in to your {marketplace} account takes no code of an authenticator app since {happened_at}. If this was not you, change your password.',
    short: '{marketplace}: the second factor is off since {happened_at}. Not you? Change your password.',
    whatsapp: ['happened_at'],
  },
  export_ready: {
    subject: 'Your {marketplace} data is ready',
    text: 'The export of your data that you asked for is ready. You find it in {marketplace} until tomorrow at this time. If you did not ask for it, change your password.',
    short: '{marketplace}: the export of your data is ready until tomorrow.',
    whatsapp: [],
  },
  tesla_link_broken: {
    subject: 'Your Tesla account is not linked any more',
    text: 'Tesla has ended the link to your {marketplace} account. Link it again to use what needs your car.',
    short: '{marketplace}: Tesla has ended the link to your account. Please link it again.',
    whatsapp: [],
  },
} as const satisfies Record<string, Template>;
