import { marketplaceOf } from '../../marketplaces/index.ts';
import type { Person } from '../support/people.ts';
import { post } from './ledger.ts';

export const WITHDRAWALS = '/api/v1/wallet/withdrawals';

/** Gives a person something that is their own, as a refund into the wallet does. */
export const given = (person: Person, amount: number) =>
  post(
    {
      type: 'refund',
      currency: marketplaceOf(person.marketplace)?.currency ?? '',
      entries: [
        { account: 'wallet', user_id: person.id, amount },
        { account: 'platform_revenue', amount: -amount },
      ],
    },
    { marketplace: person.marketplace },
  );

/** Lets a person come to owe something. */
export const owing = (person: Person, amount: number) =>
  post(
    {
      type: 'charge',
      currency: marketplaceOf(person.marketplace)?.currency ?? '',
      entries: [
        { account: 'receivable', user_id: person.id, amount: -amount },
        { account: 'platform_revenue', amount },
      ],
    },
    { marketplace: person.marketplace },
  );
