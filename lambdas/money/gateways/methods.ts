/**
 * What people leave at a gateway to be charged later, at the gateway's own form: no number of theirs reaches us. A method's reference is
 * what a charge takes as `payment_method`, with the customer's as `customer.reference`.
 */

export type SavedMethod = {
  reference: string;
  /** `card`, `us_bank_account`, `upi`, `emandate` … */
  type: string;
  brand: string | null;
  last4: string | null;
  expires: { month: number; year: number } | null;
};

/** What a person may leave at Razorpay: a card, a UPI autopay mandate, or one of a bank account. */
export type MandateType = 'card' | 'upi' | 'emandate';

/** Functions throw GatewayRejected and GatewayUnavailable as those of the payments do. */
export type Methods = {
  /**
   * Makes a person known to the gateway. Throws GatewayRejected `customer_taken` where the gateway knows these contacts as somebody else's.
   *
   * @param person `reference` is our id
   */
  createCustomer(person: {
    reference: string;
    email?: string;
    phone?: string;
    name?: string;
    key: string;
  }): Promise<{ reference: string }>;
  /**
   * Lets the app ask for a method and keep it, to be charged without the person.
   *
   * @param type at Razorpay; Stripe's form asks the person
   */
  startSetup(
    customer: string,
    key: string,
    type?: MandateType,
  ): Promise<{ reference: string; client: Record<string, unknown> }>;
  /** The methods of a person that can be charged, newest first, up to 100. */
  list(customer: string): Promise<SavedMethod[]>;
  /** Throws GatewayRejected `not_theirs` where it is another person's. */
  detach(customer: string, method: string): Promise<void>;
  /**
   * Lets the gateway forget a person and all that they keep there. May be asked again.
   *
   * @returns false while something of theirs is still being ended there: ask again later
   */
  forget(customer: string): Promise<boolean>;
};
