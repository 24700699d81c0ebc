import * as z from 'zod/mini';
import { GatewayRejected } from './gateway.ts';
import type { MandateType, Methods, SavedMethod } from './methods.ts';
import { openRazorpay } from './razorpay-client.ts';
import { mandateClient, mandateOf } from './razorpay-mandates.ts';
import { notesOf, Order } from './razorpay-objects.ts';

const Customer = z.object({ id: z.string(), notes: notesOf });

const Token = z.object({
  id: z.string(),
  method: z.string(),
  recurring_details: z.optional(z.nullable(z.object({ status: z.nullable(z.string()) }))),
  card: z.optional(
    z.nullable(
      z.object({
        network: z.optional(z.nullable(z.string())),
        last4: z.optional(z.nullable(z.string())),
        expiry_month: z.optional(z.nullable(z.coerce.number())),
        expiry_year: z.optional(z.nullable(z.coerce.number())),
      }),
    ),
  ),
  bank: z.optional(z.nullable(z.string())),
  bank_details: z.optional(z.nullable(z.object({ account_number: z.optional(z.nullable(z.string())) }))),
  vpa: z.optional(z.nullable(z.object({ handle: z.nullable(z.string()) }))),
});
type Token = z.output<typeof Token>;
const Tokens = z.object({ items: z.array(Token) });

/** Minutes after which Razorpay gives the rupee of a registration back, which nobody captures: it is no payment. */
const KEPT = 7200;

/** Where a mandate in a person's UPI app has ended, or never began. Before that its token may not be deleted. */
const ENDED = ['cancelled', 'rejected', 'expired'];
/** A number that is nobody's: it stands in Razorpay's own examples. */
const NO_PHONE = '9000000000';

/**
 * Tokens at Razorpay (razorpay.com/docs, recurring payments): a person authorises an order of one rupee, or of none for a bank's
 * mandate, in the checkout, and the token can be charged once it is `confirmed`. Needs `gateway:razorpay`.
 *
 * Razorpay knows a customer by e-mail address and phone number, in all that one account of ours sells, so its answer may be somebody
 * else's customer, whose tokens nobody else may charge: the notes say whose it is.
 *
 * @param patience milliseconds that one call may take
 */
export function razorpayMethods(marketplace: string, patience?: number): Methods {
  const open = () => openRazorpay(marketplace, patience);

  return {
    async createCustomer({ reference, email, phone, name }) {
      const { id, notes } = await (await open()).call('POST', 'customers', Customer, {
        body: { name, email, contact: phone, fail_existing: '0', notes: { reference, marketplace } },
      });
      if (notes.reference !== reference || notes.marketplace !== marketplace)
        throw new GatewayRejected('razorpay', 'customer_taken', 'Somebody else is known by these contacts.');
      return { reference: id };
    },

    async startSetup(customer, key, type = 'card') {
      const api = await open();
      const body = setupOf(customer, key, type, marketplace);
      const { id, amount, currency } = await api.call('POST', 'orders', Order, { body });
      const client = {
        order_id: id,
        key_id: api.keys.key_id,
        amount,
        currency,
        ...mandateClient(customer, type),
      };
      return { reference: id, client };
    },

    async list(customer) {
      const { items } = await (await open()).call('GET', `customers/${customer}/tokens`, Tokens);
      return items
        .filter(token => token.recurring_details?.status === 'confirmed')
        .slice(0, 100)
        .map(methodOf);
    },

    async detach(customer, method) {
      const api = await open();
      const path = `customers/${customer}/tokens/${method}`;
      const token = await api.call('GET', path, Token);
      // Deleting a token leaves the mandate standing in the person's UPI app.
      if (token.method === 'upi') await api.call('PUT', `${path}/cancel`);
      else await api.call('DELETE', path);
    },

    // A customer cannot be deleted there: the tokens are, and then the name and the contacts are overwritten, which frees the contacts
    // for whoever has them next. The payments keep what they were made with.
    async forget(customer) {
      const api = await open();
      const { items } = await api.call('GET', `customers/${customer}/tokens`, Tokens);
      let isDone = true;
      for (const { id, method, recurring_details } of items) {
        const path = `customers/${customer}/tokens/${id}`;
        const status = recurring_details?.status ?? 'cancelled';
        if (method !== 'upi' || ENDED.includes(status)) await api.call('DELETE', path);
        else {
          if (status !== 'cancellation_initiated') await api.call('PUT', `${path}/cancel`);
          isDone = false;
        }
      }
      if (!isDone) return false;
      const nobody = { name: 'Deleted person', email: `${customer}@deleted.example`, contact: NO_PHONE };
      await api.call('PUT', `customers/${customer}`, Customer, { body: nobody });
      return true;
    },
  };
}

function setupOf(customer: string, key: string, method: MandateType, marketplace: string) {
  return {
    amount: method === 'emandate' ? 0 : 100,
    currency: 'INR',
    receipt: key,
    ...mandateOf(customer, method),
    payment: {
      capture: method === 'emandate' ? 'automatic' : 'manual',
      capture_options: {
        automatic_expiry_period: KEPT,
        manual_expiry_period: KEPT,
        refund_speed: 'normal',
      },
    },
    notes: { marketplace },
  };
}

function methodOf({ id, method, card, bank, bank_details, vpa }: Token): SavedMethod {
  const month = card?.expiry_month;
  const year = card?.expiry_year;
  return {
    reference: id,
    type: method,
    brand: (card?.network?.toLowerCase() ?? bank ?? vpa?.handle)?.slice(0, 60) ?? null,
    // Of a UPI address nothing is kept: it is often a phone number.
    last4: lastDigits(card?.last4 ?? bank_details?.account_number),
    expires: month && year ? { month, year } : null,
  };
}

const lastDigits = (number: string | null | undefined) => /\d{4}$/.exec(number ?? '')?.[0] ?? null;
