import type { Template } from '../templates.ts';

/** What people read of payments, payouts and subscriptions. */
export const money = {
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
} as const satisfies Record<string, Template>;
