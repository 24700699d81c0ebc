/**
 * What every payment gateway can do for us. The caller commits its intent first and hands in a `key` made from it, so that a
 * call may be repeated after a crash or a time-out: the same key moves money once. A charge may be repeated for 24 hours, which is how
 * long Stripe and Bolt remember it; captures, refunds, transfers and what the other gateways do, however late. Calls with one
 * payment's reference must not run at once. Amounts are in minor units (currencies.ts).
 */

export type GatewayName = 'stripe' | 'razorpay' | 'paytm' | 'paymongo' | 'bolt';

export type Charge = {
  /** 10 to 40 letters, digits and dashes, as for a refund's: Razorpay and Paytm keep it as their receipt and order. */
  key: string;
  amount: number;
  currency: string;
  description: string;
  /** `later`: only reserve the money. Throws GatewayRejected `capture_later_unsupported` where that cannot be. */
  capture: 'now' | 'later';
  customer: {
    /** The person as the gateway knows them, such as Stripe's `cus_…`. Paytm knows nobody and takes any text of ours. */
    reference?: string;
    email?: string;
    phone?: string;
    name?: string;
  };
  metadata: Readonly<Record<string, string>>;
  return_url?: string;
  /** `card`, `gcash`, `maya`, `upi` …; absent: the person chooses. */
  method?: string;
  /**
   * A saved method of the gateway, charged without the person. Absent: the app lets the person pay with `client`. Throws
   * GatewayRejected `payment_method_unsupported` at Paytm and PayMongo.
   */
  payment_method?: string;
  /** Razorpay alone: the person pays with this, and leaves it to be charged later. `customer.reference` says whose it is then. */
  keep?: 'card' | 'upi';
};

/** Why a gateway or a bank refused, in the gateway's words. */
export type Failure = { code: string; message: string };

/**
 * `failed`: the last try was refused and no money is on its way. The person may try again at the gateway with the same reference,
 * so a later look can say `authorized` or `captured`; `cancel` ends that where the gateway can.
 */
export type GatewayStatus =
  | 'requires_action'
  | 'processing'
  | 'authorized'
  | 'captured'
  | 'failed'
  | 'cancelled';

export type GatewayPayment = {
  reference: string;
  status: GatewayStatus;
  amount_captured: number;
  /** Includes refunds that are on their way. */
  amount_refunded: number;
  /** What the gateway keeps, in the payment's currency, or null where it does not say. */
  fee: number | null;
  failure: Failure | null;
  /** What the app needs to let the person pay. Nothing in it is a secret of ours. */
  client: Readonly<Record<string, unknown>>;
  /** What else the gateway has said, for staff. */
  response: GatewayResponse;
};

/** Of a gateway's answer what each client names: states, ids, amounts, kinds and times. Nothing secret, nothing of a person's. */
export type GatewayResponse = Readonly<Record<string, string | number | boolean>>;

/** A response of those of these fields that the gateway has filled in. */
export function responseOf(
  fields: Readonly<Record<string, string | number | boolean | null | undefined>>,
): GatewayResponse {
  const said = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(said) as GatewayResponse;
}

export type GatewayRefund = {
  reference: string;
  status: 'pending' | 'succeeded' | 'failed';
  failure: Failure | null;
};

export type GatewayDispute = {
  reference: string;
  payment_reference: string;
  amount: number;
  currency: string;
  status: 'needs_response' | 'under_review' | 'won' | 'lost';
  reason: string;
  /** Until when evidence is taken. */
  due_by: Date | null;
  /** What the gateway has taken from us for it and charged, in the payment's currency, or null where it does not say. */
  withdrawn_amount: number | null;
  fee: number | null;
};

/** What a webhook is about. It is only a nudge: read the object before believing anything. */
export type WebhookEvent = {
  /** The same each time the event is delivered. */
  event_id: string;
  kind: string;
  /** Of the payment. */
  reference: string | null;
  refund_reference: string | null;
  dispute_reference: string | null;
  /** Our key of the charge or the refund, where the gateway repeats it: it finds a payment whose reference we never heard. */
  key: string | null;
  /** What the event is about when that is neither payment, refund nor dispute: `account`, `transfer`, `payout`, `token`. */
  object: { type: string; id: string } | null;
  /** The connected account that it happened at (Stripe Connect). */
  account: string | null;
  /** Whose saved methods may have changed, as the gateway knows the person. */
  customer?: string | null;
};

/** Whose payment an app's callback speaks of. Bolt tells the reference of a payment here and in its webhooks only. */
export type Confirmation = { key: string | null; reference: string };

export type Gateway = {
  readonly name: GatewayName;
  /** Throws GatewayDeclined only with `payment_method`: otherwise nobody has paid yet. */
  create(charge: Charge): Promise<GatewayPayment>;
  read(reference: string): Promise<GatewayPayment>;
  /** The payment that was made with a key, for whoever heard no reference and gets no answer to the key. Minutes behind at Stripe. */
  find?(key: string): Promise<GatewayPayment | null>;
  /** Takes what is reserved, or a part of it. A payment that is captured already is returned as it is. */
  capture(reference: string, amount: number, key: string): Promise<GatewayPayment>;
  /**
   * Gives back what is reserved. Look at the status: a payment that was captured meanwhile is returned as it is. Razorpay, Paytm and
   * Bolt cannot close what nobody paid: where a later look says `captured`, refund it.
   */
  cancel(reference: string, key: string): Promise<GatewayPayment>;
  refund(reference: string, amount: number, key: string): Promise<GatewayRefund>;
  readRefund(refundReference: string): Promise<GatewayRefund>;
  readDispute?(disputeReference: string): Promise<GatewayDispute>;
  /** Checks what the app brings back from the gateway. Throws SignatureError when it is not the gateway's. */
  confirm?(input: Readonly<Record<string, string>>): Promise<Confirmation>;
  /**
   * Checks and reads a webhook.
   *
   * @param rawBody exactly as it came
   * @param headers names in lower case
   * @throws SignatureError when it is forged or stale
   */
  webhook(rawBody: string, headers: Readonly<Record<string, string | undefined>>): Promise<WebhookEvent>;
};

class GatewayError extends Error {
  readonly gateway: GatewayName;
  /** The gateway's code, or ours: `timeout`, `network`, `http_500`, `credentials`, `unreadable_answer`. */
  readonly code: string;
  /** Of the payment, where the gateway had told it. */
  readonly reference: string | null;

  constructor(
    gateway: GatewayName,
    code: string,
    message: string,
    { reference = null, cause }: { reference?: string | null; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = new.target.name;
    this.gateway = gateway;
    this.code = code;
    this.reference = reference;
  }
}

/** The bank or the gateway refused. Nothing was charged. */
export class GatewayDeclined extends GatewayError {}

/** No answer, or none that tells the outcome: it may have happened. Read the payment later, or repeat with the same key. */
export class GatewayUnavailable extends GatewayError {}

/** The request is wrong, and would be refused again. Nothing happened. */
export class GatewayRejected extends GatewayError {}

/** Whether a gateway refused or did not answer, which is not our mistake. */
export const isGatewayFailure = (
  error: unknown,
): error is GatewayDeclined | GatewayUnavailable | GatewayRejected =>
  error instanceof GatewayDeclined || error instanceof GatewayUnavailable || error instanceof GatewayRejected;

/** A webhook or a callback is not from the gateway, or is too old. */
export class SignatureError extends GatewayError {
  constructor(gateway: GatewayName, reason: string, cause?: unknown) {
    super(gateway, 'signature', `The signature of ${gateway} is not right: ${reason}.`, { cause });
  }
}
