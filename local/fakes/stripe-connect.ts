import { type Fields, type Reply, textOf } from './provider.ts';
import { type Announce, missing, newId, problem, type StripeRequest } from './stripe-answers.ts';
import { type Form, formOf, textIn, wholeIn } from './stripe-form.ts';

type Account = Record<string, unknown> & { id: string; metadata: Form };
type Transfer = Record<string, unknown> & {
  id: string;
  amount: number;
  amount_reversed: number;
  destination: string;
  currency: string;
};
type Payout = Record<string, unknown> & {
  id: string;
  amount: number;
  currency: string;
  status: string;
  created: number;
  account: string;
};

/** Connect: accounts that fill in Stripe's form at `/_pay {"reference", "outcome": "onboard"}`, transfers to them, and payouts. */
export function createConnect(tell: Announce) {
  const accounts = new Map<string, Account>();
  const transfers = new Map<string, Transfer>();
  const reversals: { transfer: string; [field: string]: unknown }[] = [];
  const payouts: Payout[] = [];

  const ok = (body: unknown): Reply => ({ status: 200, body, headers: { 'request-id': newId('req') } });
  const now = () => Math.floor(Date.now() / 1000);

  /** Newest first, as all of Stripe's lists. */
  const list = (data: unknown[]) => ok({ object: 'list', has_more: false, data: data.toReversed() });

  function createAccount(fields: Form): Reply {
    const account: Account = {
      id: newId('acct'),
      object: 'account',
      country: textIn(fields.country),
      email: textIn(fields.email),
      charges_enabled: false,
      payouts_enabled: false,
      details_submitted: false,
      capabilities: { transfers: 'inactive' },
      requirements: {
        currently_due: ['external_account', 'tos_acceptance.date'],
        disabled_reason: 'requirements.past_due',
      },
      metadata: formOf(fields.metadata),
    };
    accounts.set(account.id, account);
    return ok(account);
  }

  function createLink(fields: Form): Reply {
    const id = textIn(fields.account) ?? '';
    if (!accounts.has(id)) return missing('account', id);
    const url = `https://connect.stripe.com/setup/e/${id}/${newId('link')}`;
    return ok({ object: 'account_link', created: now(), expires_at: now() + 300, url });
  }

  function transfer(fields: Form): Reply {
    const destination = textIn(fields.destination) ?? '';
    const account = accounts.get(destination);
    if (!account)
      return problem(400, {
        code: 'resource_missing',
        param: 'destination',
        message: `No such destination: '${destination}'`,
      });
    if (formOf(account.capabilities as Form).transfers !== 'active')
      return problem(400, {
        code: 'insufficient_capabilities_for_transfer',
        message:
          'Your destination account needs to have at least one of the following capabilities enabled: transfers.',
      });
    const made: Transfer = {
      id: newId('tr'),
      object: 'transfer',
      amount: wholeIn(fields.amount),
      amount_reversed: 0,
      currency: textIn(fields.currency) ?? '',
      destination,
      reversed: false,
      transfer_group: textIn(fields.transfer_group),
      created: now(),
      metadata: formOf(fields.metadata),
    };
    transfers.set(made.id, made);
    tell('transfer.created', made);
    return ok(made);
  }

  function reverse(made: Transfer, fields: Form): Reply {
    const rest = made.amount - made.amount_reversed;
    const amount = fields.amount ? wholeIn(fields.amount) : rest;
    if (!(amount >= 1 && amount <= rest))
      return problem(400, {
        param: 'amount',
        message: `The transfer ${made.id} has only ${rest} left to reverse.`,
      });
    made.amount_reversed += amount;
    made.reversed = made.amount_reversed === made.amount;
    tell('transfer.reversed', made);
    const metadata = formOf(fields.metadata);
    const reversal = { id: newId('trr'), object: 'transfer_reversal', amount, transfer: made.id, metadata };
    reversals.push(reversal);
    return ok(reversal);
  }

  /** What an account holds of a currency: what came, less what went back and what was paid out. */
  function heldBy(account: string, currency: string): number {
    const came = [...transfers.values()].filter(
      made => made.destination === account && made.currency === currency,
    );
    const went = payouts.filter(
      made => made.account === account && made.currency === currency && made.status !== 'failed',
    );
    return (
      came.reduce((sum, made) => sum + made.amount - made.amount_reversed, 0) -
      went.reduce((sum, made) => sum + made.amount, 0)
    );
  }

  function createPayout(account: string | undefined, fields: Form): Reply {
    const amount = wholeIn(fields.amount);
    const currency = textIn(fields.currency) ?? '';
    if (!account || !accounts.has(account)) return missing('account', account ?? '');
    if (amount > heldBy(account, currency))
      return problem(400, {
        code: 'balance_insufficient',
        message: 'You have insufficient funds in your Stripe account for this transfer.',
      });
    const made: Payout = {
      id: newId('po'),
      object: 'payout',
      amount,
      currency,
      status: 'pending',
      failure_code: null,
      failure_message: null,
      arrival_date: now() + 2 * 24 * 3600,
      created: now(),
      account,
      metadata: formOf(fields.metadata),
    };
    payouts.push(made);
    tell('payout.created', made, account);
    return ok(made);
  }

  /** The bank takes a payout, or gives it back. */
  function settle(made: Payout, outcome: unknown): Reply {
    const hasFailed = outcome === 'fail_payout';
    Object.assign(made, {
      status: hasFailed ? 'failed' : 'paid',
      failure_code: hasFailed ? 'account_closed' : null,
      failure_message: hasFailed ? 'The bank account has been closed.' : null,
    });
    tell(hasFailed ? 'payout.failed' : 'payout.paid', made, made.account);
    return ok(made);
  }

  function listPayouts(account: string | undefined, fields: Form): Reply {
    const since = wholeIn(formOf(fields.created).gte) || 0;
    const data = payouts.filter(payout => payout.account === account && payout.created >= since);
    return list(data);
  }

  function answer({ method, path, fields, account }: StripeRequest): Reply | undefined {
    const [, version, kind, id = '', verb] = path.split('/');
    if (version !== 'v1') return undefined;
    if (kind === 'accounts' && !id) return createAccount(fields);
    if (kind === 'accounts') return accounts.has(id) ? ok(accounts.get(id)) : missing('account', id);
    if (kind === 'account_links') return createLink(fields);
    if (kind === 'transfers' && !id && method === 'GET')
      return list(
        [...transfers.values()].filter(
          made => made.transfer_group === fields.transfer_group && made.destination === fields.destination,
        ),
      );
    if (kind === 'transfers' && !id) return transfer(fields);
    if (kind === 'transfers') {
      const made = transfers.get(id);
      if (!made) return missing('transfer', id);
      if (verb !== 'reversals') return ok(made);
      return method === 'POST'
        ? reverse(made, fields)
        : list(reversals.filter(({ transfer }) => transfer === id));
    }
    if (kind === 'payouts' && !id && method === 'POST') return createPayout(account, fields);
    if (kind === 'payouts' && id) {
      const made = payouts.find(payout => payout.id === id && payout.account === account);
      return made ? ok(made) : missing('payout', id);
    }
    if (kind === 'payouts' && method === 'GET') return listPayouts(account, fields);
    return undefined;
  }

  /**
   * `outcome`: `onboard`, `restrict`, `pay_out` of an `amount` in a `currency`, or `fail_payout`, which the bank refuses: of an account,
   * or of a payout that is there.
   */
  function act({ reference, outcome, amount, currency }: Fields): Reply | undefined {
    const made = payouts.find(({ id }) => id === reference);
    if (made) return settle(made, outcome);
    const account = accounts.get(textOf(reference) ?? '');
    if (!account) return undefined;
    if (outcome === 'onboard') {
      Object.assign(account, {
        charges_enabled: true,
        payouts_enabled: true,
        details_submitted: true,
        capabilities: { transfers: 'active' },
        requirements: { currently_due: [], disabled_reason: null },
      });
      tell('account.updated', account, account.id);
      return ok(account);
    }
    if (outcome === 'restrict') {
      Object.assign(account, {
        payouts_enabled: false,
        requirements: { currently_due: ['external_account'], disabled_reason: 'requirements.past_due' },
      });
      tell('account.updated', account, account.id);
      return ok(account);
    }
    const hasFailed = outcome === 'fail_payout';
    const payout: Payout = {
      id: newId('po'),
      object: 'payout',
      amount: Number(amount),
      currency: textOf(currency) ?? 'usd',
      status: hasFailed ? 'failed' : 'paid',
      failure_code: hasFailed ? 'account_closed' : null,
      failure_message: hasFailed ? 'The bank account has been closed.' : null,
      arrival_date: now(),
      created: now(),
      account: account.id,
      metadata: account.metadata,
    };
    payouts.push(payout);
    tell(hasFailed ? 'payout.failed' : 'payout.paid', payout, account.id);
    return ok(payout);
  }

  return { answer, act };
}
