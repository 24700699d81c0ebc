import { type Call, type Fields, fieldsOf, type Reply, textOf } from './provider.ts';
import { collection, newId, ok, refused, seconds, type Tell, unknownId } from './razorpay-answers.ts';

type Customer = Fields & { id: string; email: unknown; contact: unknown };
type Token = Record<string, unknown> & {
  id: string;
  method: string;
  recurring_details: { status: string; failure_reason: string | null };
};
/** What of a token its owner's bank does, and nobody reads. */
type Held = { token: Token; customer: string; notes: unknown; mostAmount: number; debit: string };

/** What a person or a bank does to a mandate, and the status that it has then. */
const ACTS: Readonly<Record<string, string>> = {
  confirm: 'confirmed',
  reject: 'rejected',
  pause: 'paused',
  resume: 'confirmed',
  cancel: 'cancelled',
};
const EVENTS: Readonly<Record<string, string>> = { resume: 'token.resumed', confirm: 'token.confirmed' };

const METHODS: Readonly<Record<string, (more: Fields) => Fields>> = {
  card: ({ last4 }) => ({
    card: {
      entity: 'card',
      name: 'Asha Rao',
      last4: textOf(last4) ?? '4242',
      network: 'Visa',
      type: 'credit',
      issuer: 'HDFC',
      expiry_month: 12,
      expiry_year: 2034,
    },
  }),
  upi: () => ({ vpa: { username: '9876543210', handle: 'okhdfcbank', name: null } }),
  emandate: () => ({
    bank: 'HDFC',
    bank_details: { beneficiary_name: 'Asha Rao', account_number: '50100123456789', ifsc: 'HDFC0001234' },
  }),
};

/**
 * Customers and the tokens that an authorised order leaves for later. At `/_pay {"reference": "token_…", "outcome"}` a bank or a person
 * makes a mandate `confirm`, `reject`, `pause`, `resume` or `cancel`.
 */
export function createTokens(tell: Tell) {
  const customers = new Map<string, Customer>();
  const tokens = new Map<string, Held>();

  function createCustomer({ name, email, contact, fail_existing, notes }: Fields): Reply {
    const known = [...customers.values()].find(
      customer => customer.email === email && customer.contact === contact,
    );
    if (known && String(fail_existing) === '0') return ok(known);
    if (known) return refused('Customer already exists for the merchant');
    const customer = { id: newId('cust_'), entity: 'customer', name, email, contact, gstin: null };
    customers.set(customer.id, { ...customer, notes: notes ?? [], created_at: seconds() });
    return ok(customers.get(customer.id));
  }

  function editCustomer(id: string, { name, email, contact }: Fields): Reply {
    const taken = [...customers.values()].some(
      customer => customer.id !== id && customer.email === email && customer.contact === contact,
    );
    if (taken) return refused('Customer already exists for the merchant');
    const edited = { ...customers.get(id), id, name, email, contact };
    customers.set(id, edited);
    return ok(edited);
  }

  /** An order that asks for a mandate was authorised. `more`: `last4`, and whether its `debit` is made `now`, `later` or never (`declined`). */
  function register(order: Fields, more: Fields): Fields {
    const terms = fieldsOf(order.token);
    const customer = textOf(order.customer_id) ?? '';
    if (!customers.has(customer) || !order.token) return {};
    const method = textOf(order.method) ?? 'card';
    const isSlow = method === 'emandate';
    const token: Token = {
      id: newId('token_'),
      entity: 'token',
      token: newId(''),
      bank: null,
      wallet: null,
      method,
      ...METHODS[method]?.(more),
      recurring: true,
      recurring_details: { status: isSlow ? 'initiated' : 'confirmed', failure_reason: null },
      max_amount: terms.max_amount,
      expired_at: terms.expire_at ?? null,
      used_at: seconds(),
      created_at: seconds(),
    };
    const debit = textOf(more.debit) ?? 'now';
    const held = { token, customer, notes: order.notes, mostAmount: Number(terms.max_amount), debit };
    tokens.set(token.id, held);
    if (!isSlow) tell('token.confirmed', { token }, order.notes);
    return { token_id: token.id, customer_id: customer, method };
  }

  /** What becomes of a charge: `now`, `later` or `declined`; or a refusal. */
  function check(
    { token: id, customer_id, recurring, email, contact }: Fields,
    amount: number,
  ): string | Reply {
    const held = tokens.get(textOf(id) ?? '');
    if (!held || held.customer !== customer_id) return unknownId();
    for (const [field, value] of Object.entries({ email, contact, recurring }))
      if (!value) return refused(`The ${field} field is required.`, { field });
    if (held.token.recurring_details.status !== 'confirmed')
      return refused('Recurring is not enabled on the token.', { field: 'token' });
    if (amount > held.mostAmount)
      return refused('The amount exceeds the maximum amount of the token.', { field: 'amount' });
    return held.debit;
  }

  function answer({ method, path }: Call, fields: Fields): Reply | undefined {
    const [, , kind, id = '', what, tokenId = '', verb] = path.split('/');
    if (kind !== 'customers') return undefined;
    if (!id) return createCustomer(fields);
    if (!customers.has(id)) return unknownId();
    if (what !== 'tokens') return method === 'PUT' ? editCustomer(id, fields) : ok(customers.get(id));
    const theirs = [...tokens.values()].filter(({ customer }) => customer === id).reverse();
    if (!tokenId) return ok(collection(theirs.map(({ token }) => token)));
    const held = theirs.find(({ token }) => token.id === tokenId);
    if (!held) return unknownId();
    if (method === 'GET') return ok(held.token);
    if (method === 'PUT' && verb === 'cancel') {
      move(held, 'cancel');
      return ok({ status: 'cancellation_initiated' });
    }
    if (held.token.method === 'upi' && held.token.recurring_details.status === 'confirmed')
      return refused('An active token cannot be deleted. Cancel it first.');
    tokens.delete(tokenId);
    return ok({ deleted: true });
  }

  function move(held: Held, outcome: string): void {
    const status = ACTS[outcome] ?? 'confirmed';
    held.token.recurring_details = {
      status,
      failure_reason: status === 'rejected' ? 'The bank refused the mandate.' : null,
    };
    tell(EVENTS[outcome] ?? `token.${status}`, { token: held.token }, held.notes);
  }

  /** Undefined where the reference is of something else. */
  function act({ reference, outcome, debit }: Fields): Reply | undefined {
    const held = tokens.get(textOf(reference) ?? '');
    if (!held) return undefined;
    if (debit) held.debit = String(debit);
    else move(held, String(outcome));
    return ok(held.token);
  }

  return { answer, act, register, check };
}
