import { type Call, type Fields, fieldsOf, headerOf, Replays, type Reply, textOf } from './provider.ts';
import { collection, newId, ok, refused, seconds, type Tell, unknownId } from './razorpay-answers.ts';

type Named = Record<string, unknown> & { id: string };
type Payout = Named & { status: string; reference_id: unknown };

/** What banks and our own people do to a payout, the status that it has then, and why. */
const ACTS: Readonly<Record<string, { status: string; reason?: string; description?: string }>> = {
  process: { status: 'processed' },
  queue: { status: 'queued', reason: 'low_balance', description: 'There is not enough balance.' },
  reverse: { status: 'reversed', reason: 'beneficiary_bank_rejected', description: 'The bank gave it back.' },
  fail: {
    status: 'failed',
    reason: 'beneficiary_account_closed',
    description: 'The account of the beneficiary is closed.',
  },
  reject: { status: 'rejected', reason: 'payout_rejected', description: 'It was not approved.' },
  cancel: { status: 'cancelled', reason: 'payout_cancelled', description: 'It was cancelled.' },
};

/**
 * RazorpayX: contacts, their fund accounts, and payouts whose idempotency keys are mandatory. At `/_pay {"reference": "pout_…",
 * "outcome"}` one is `process`ed, `queue`d, `reverse`d, or comes to `fail`, `reject` or `cancel`.
 */
export function createPayouts(accountNumber: string, tell: Tell) {
  const contacts = new Map<string, Named>();
  const accounts = new Map<string, Named>();
  const payouts = new Map<string, Payout>();
  const replays = new Replays();

  /** Answers with the one that has all these fields already. */
  function once(kept: Map<string, Named>, prefix: string, fields: Fields): Reply {
    const asked = JSON.stringify(fields);
    const known = [...kept.values()].find(one => one.asked === asked);
    const made = known ?? { id: newId(prefix), asked, active: true, created_at: seconds() };
    kept.set(made.id, made);
    const { asked: _, ...shown } = made;
    return { status: known ? 200 : 201, body: { ...shown, ...fields } };
  }

  function createContact(fields: Fields): Reply {
    const name = textOf(fields.name) ?? '';
    if (!/^[A-Za-z0-9 ’\-_/(),.]{3,50}$/.test(name))
      return refused('The name field is invalid.', { field: 'name' });
    return once(contacts, 'cont_', fields);
  }

  function createAccount(fields: Fields): Reply {
    const { ifsc, account_number } = fieldsOf(fields.bank_account);
    if (!contacts.has(textOf(fields.contact_id) ?? '')) return unknownId();
    if (!/^[A-Z]{4}0[A-Z0-9]{6}$/.test(textOf(ifsc) ?? ''))
      return refused('Invalid IFSC Code in Bank Account', { field: 'ifsc' });
    if (!/^[A-Za-z0-9]{5,35}$/.test(textOf(account_number) ?? ''))
      return refused('The account number format is invalid.', { field: 'account_number' });
    return once(accounts, 'fa_', fields);
  }

  function create(fields: Fields): Reply {
    const { account_number, fund_account_id, amount, currency, mode, narration, notes, reference_id } =
      fields;
    if (account_number !== accountNumber)
      return refused('The RazorpayX Account number is invalid.', { field: 'account_number' });
    if (!accounts.has(textOf(fund_account_id) ?? '')) return unknownId();
    if (typeof amount !== 'number' || amount < 100)
      return refused('The amount must be atleast INR 1.00', { field: 'amount' });
    if (mode === 'IMPS' && amount > 50_000_000)
      return refused('Payout mode IMPS does not take such an amount.', { field: 'mode' });
    if (!/^[A-Za-z0-9 ]{0,30}$/.test(textOf(narration) ?? ''))
      return refused('The narration format is invalid.', { field: 'narration' });
    const payout: Payout = {
      id: newId('pout_'),
      entity: 'payout',
      fund_account_id,
      amount,
      currency,
      mode,
      narration,
      notes,
      reference_id,
      purpose: fields.purpose,
      fees: 590,
      tax: 90,
      fee_type: '',
      status: 'processing',
      utr: null,
      status_details: null,
      created_at: seconds(),
    };
    payouts.set(payout.id, payout);
    tell('payout.initiated', { payout }, notes);
    return ok(payout);
  }

  function answer(call: Call, fields: Fields): Reply | undefined {
    const [, , kind, id] = call.path.split('/');
    if (kind === 'contacts') return createContact(fields);
    if (kind === 'fund_accounts') return createAccount(fields);
    if (kind !== 'payouts') return undefined;
    if (id) return payouts.has(id) ? ok(payouts.get(id)) : unknownId();
    if (call.method === 'GET') {
      const wanted = call.query.get('reference_id');
      return ok(collection([...payouts.values()].filter(({ reference_id }) => reference_id === wanted)));
    }
    const key = headerOf(call, 'x-payout-idempotency') ?? '';
    if (!/^[\w -]{4,36}$/.test(key))
      return refused('Idempotency key is missing. Include idempotency header and key in the request.', {
        field: 'X-Payout-Idempotency',
      });
    return replays.once(key, call.text, () => create(fields), {
      replayed: reply => reply,
      conflict: () => refused('Different request body sent with the same Idempotency Header'),
    });
  }

  /** Undefined where the reference is of something else. */
  function act({ reference, outcome }: Fields): Reply | undefined {
    const payout = payouts.get(textOf(reference) ?? '');
    const done = ACTS[String(outcome)];
    if (!payout || !done) return undefined;
    const { status, reason, description } = done;
    const status_details = reason ? { reason, description, source: 'beneficiary_bank' } : null;
    const utr = status === 'processed' ? `HDFCN${payout.id.slice(5)}` : payout.utr;
    Object.assign(payout, { status, status_details, utr });
    tell(`payout.${status}`, { payout }, payout.notes);
    return ok(payout);
  }

  return { answer, act, forget: () => replays.forget() };
}
