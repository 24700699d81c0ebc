import { withPhone } from '../identity/identity.ts';
import { Refusal } from '../kernel/refusal.ts';
import { type Customer, contactMissing, type Keeper, openMethods } from './payment-methods.ts';

// Import this file when it is needed: whoever opens phone numbers brings what reads them.

/**
 * Makes a person known to the gateway, under our id of them. Needs `sealing`.
 *
 * @throws Refusal contact_missing, and what the gateway's client throws
 */
export async function introduce(
  gateway: Keeper,
  marketplace: string,
  customer: Customer,
  person: string,
): Promise<string> {
  const { id: key, email, full_name: name, phone } = await withPhone(customer);
  if (gateway === 'razorpay' && !(email && phone)) throw new Refusal(contactMissing);
  const contacts = {
    email: email ?? undefined,
    phone: gateway === 'razorpay' ? (phone ?? undefined) : undefined,
  };
  const methods = await openMethods(gateway, marketplace);
  return (await methods.createCustomer({ reference: person, name, key, ...contacts })).reference;
}
