import type { MandateType } from './methods.ts';

/**
 * Paise. What one debit may come to at most: beyond it the Reserve Bank of India wants the person to approve each, which nobody does
 * who is not there.
 */
const MOST = 1_500_000;
/** Seconds for which a mandate is given; a card's ends with the card. */
const TEN_YEARS = 10 * 365 * 86_400;

/** What makes an order one with which the person leaves a mandate too (razorpay.com/docs, recurring payments, authorisation transaction). */
export function mandateOf(customer_id: string, method: MandateType) {
  const frequency = method === 'emandate' ? {} : { frequency: 'as_presented' };
  const expires = method === 'card' ? {} : { expire_at: Math.floor(Date.now() / 1000) + TEN_YEARS };
  return { customer_id, method, token: { max_amount: MOST, ...expires, ...frequency } };
}

/** What the app hands to the checkout for that, beside the order. */
export const mandateClient = (customer_id: string, method: MandateType) => ({
  customer_id,
  method,
  recurring: '1',
});
