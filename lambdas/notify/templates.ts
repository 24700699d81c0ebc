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
  booking_unpaid: {
    subject: 'Booking {number} was not paid in time',
    text: 'Booking {number} of {resource_name} from {starts_at} to {ends_at} was not paid in time, so it does not take place.',
    short: '{marketplace}: {number} of {resource_name} was not paid in time and does not take place.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_moved: {
    subject: 'Booking {number} has another time',
    text: 'Booking {number} of {resource_name} is now from {starts_at} to {ends_at}.',
    short: '{marketplace}: {number} of {resource_name} is now {starts_at} to {ends_at}.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_overstayed: {
    subject: 'Booking {number} has ended',
    text: 'Booking {number} of {resource_name} ended at {ends_at} and has not been completed. Staying longer is charged by the terms of the booking.',
    short: '{marketplace}: {number} of {resource_name} ended at {ends_at}. Staying longer is charged.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_not_arrived: {
    subject: 'Nobody came to booking {number}',
    text: 'Booking {number} of {resource_name} from {starts_at} to {ends_at} has ended, since nobody came in time.',
    short: '{marketplace}: {number} of {resource_name} from {starts_at} has ended: nobody came in time.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
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
  navigation_failed: {
    subject: 'Your car does not know the way to {resource_name}',
    text: 'We could not send your Tesla its way to {resource_name}. Booking {number} stays as it is: it shows the address, and what went wrong.',
    short:
      '{marketplace}: we could not send your Tesla its way to {resource_name}. {number} shows the address.',
    whatsapp: ['number', 'resource_name'],
  },
  payout_paid: {
    subject: 'Your payout of {amount} has been paid',
    text: 'Payout {number} of {amount} from {marketplace} has been paid to you. Your bank may need some days to show it.',
    short: '{marketplace}: payout {number} of {amount} has been paid to you.',
    whatsapp: ['number', 'amount'],
  },
  payout_failed: {
    subject: 'Your payout of {amount} could not be paid',
    text: 'Payout {number} of {amount} from {marketplace} has come back. Check where you are paid to: we send it again with the next payouts.',
    short: '{marketplace}: payout {number} of {amount} has come back. Check where you are paid to.',
    whatsapp: ['number', 'amount'],
  },
  payment_owed: {
    subject: '{description} cost {amount} more than was paid',
    text: '{description} cost {amount} more than was paid in {marketplace}. We take it from your saved payment method; where you have none, please pay in {marketplace}.',
    short: '{marketplace}: {description} cost {amount} more than was paid. Please look into the app.',
    whatsapp: ['description', 'amount'],
  },
  payment_lapsed: {
    subject: 'Your payment of {amount} is needed once more',
    text: 'Your bank no longer reserves the {amount} for {description} in {marketplace}. We ask your saved payment method for it; where you have none, please pay in {marketplace}.',
    short:
      '{marketplace}: your bank no longer reserves {amount} for {description}. Please look into the app.',
    whatsapp: ['amount', 'description'],
  },
  payment_refunded: {
    subject: 'You get {amount} back',
    text: 'You get {amount} back for {description} in {marketplace}. What goes to a card or an account takes your bank some days.',
    short: '{marketplace}: you get {amount} back for {description}.',
    whatsapp: ['amount', 'description'],
  },
  payout_account_added: {
    subject: 'Your {marketplace} payouts go somewhere else now',
    text: 'From {usable_at} your {marketplace} payouts go to {account}. If this was not you, remove that account, change your password and write to our support.',
    short:
      '{marketplace}: from {usable_at} your payouts go to {account}. Not you? Remove it and write to support.',
    whatsapp: ['account', 'usable_at'],
  },
  subscription_started: {
    subject: '{name} is active',
    text: '{name} is active in {marketplace}. We have taken {amount}, which is for the time until {ends_at}.',
    short: '{marketplace}: {name} is active until {ends_at}.',
    whatsapp: ['name', 'amount', 'ends_at'],
  },
  subscription_renewal_due: {
    subject: '{name} is renewed on {ends_at}',
    text: 'The paid time of {name} in {marketplace} ends at {ends_at}. The next period costs {amount}: we take it from your saved payment method then, and where you have none you can pay in {marketplace} from now on. Cancel before if you do not want it.',
    short: '{marketplace}: {name} is renewed at {ends_at} for {amount}.',
    whatsapp: ['name', 'amount', 'ends_at'],
  },
  subscription_renewed: {
    subject: '{name} is renewed',
    text: '{name} is renewed in {marketplace}. We have taken {amount}, which is for the time until {ends_at}.',
    short: '{marketplace}: {name} is renewed until {ends_at} for {amount}.',
    whatsapp: ['name', 'amount', 'ends_at'],
  },
  subscription_payment_failed: {
    subject: 'We could not take the payment for {name}',
    text: 'We could not take {amount} for {name} in {marketplace}. We try again in the next days. Pay in {marketplace}, or save another payment method, so that it goes on.',
    short: '{marketplace}: we could not take {amount} for {name}. Please pay in the app.',
    whatsapp: ['name', 'amount'],
  },
  subscription_payment_due: {
    subject: '{name} waits for its payment',
    text: 'The paid time of {name} in {marketplace} is over. Pay {amount} in {marketplace} so that it goes on.',
    short: '{marketplace}: pay {amount} so that {name} goes on.',
    whatsapp: ['name', 'amount'],
  },
  subscription_ending: {
    subject: '{name} ends on {ends_at}',
    text: 'You have cancelled {name} in {marketplace}. It lasts until {ends_at}, and you can resume it before.',
    short: '{marketplace}: {name} is cancelled and lasts until {ends_at}.',
    whatsapp: ['name', 'ends_at'],
  },
  subscription_ended: {
    subject: '{name} has ended',
    text: '{name} has ended in {marketplace}. You can subscribe again whenever you like.',
    short: '{marketplace}: {name} has ended.',
    whatsapp: ['name'],
  },
  subscription_expired: {
    subject: '{name} has ended without its payment',
    text: 'We did not receive {amount} for {name} in {marketplace}, so it has ended. You can subscribe again whenever you like.',
    short: '{marketplace}: {name} has ended, since it was not paid.',
    whatsapp: ['name', 'amount'],
  },
  review_requested: {
    subject: 'How was booking {number}?',
    text: 'Booking {number} of {resource_name} is over. Tell others how it was until {closes_at}: {review_url}',
    short: '{marketplace}: how was {number}? {review_url}',
    whatsapp: ['number', 'resource_name', 'closes_at', 'review_url'],
  },
  review_received: {
    subject: 'You have a new review',
    text: 'Somebody has reviewed you in {marketplace}. Read it there, and answer it if you like.',
    short: '{marketplace}: somebody has reviewed you.',
    whatsapp: [],
  },
} as const satisfies Record<string, Template>;

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
