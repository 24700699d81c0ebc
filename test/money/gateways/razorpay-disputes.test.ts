import { expect, test } from 'vitest';
import { razorpay } from '../../../lambdas/money/gateways/razorpay.ts';
import { act, chargeOf, eventsOf } from './providers.ts';

const gateway = razorpay('homigo');

test.each([
  ['win', 'won', 0],
  ['lose', 'lost', 49_900],
])(
  'a dispute is told and read by the order that it is about: %s',
  async (outcome, status, withdrawn_amount) => {
    const { reference } = await gateway.create(chargeOf({ currency: 'INR', amount: 49_900 }));
    await act('razorpay', reference, 'succeed');
    await act('razorpay', reference, 'dispute');
    const event = (await eventsOf('razorpay', reference)).at(-1);
    const told = await gateway.webhook(event?.body ?? '', event?.headers ?? {});
    expect(told).toMatchObject({ kind: 'payment.dispute.created', reference });
    const dispute = told.dispute_reference ?? '';
    expect(await gateway.readDispute?.(dispute)).toEqual({
      reference: dispute,
      payment_reference: reference,
      amount: 49_900,
      currency: 'INR',
      status: 'needs_response',
      reason: 'chargeback',
      due_by: expect.any(Date),
      withdrawn_amount: 0,
      fee: null,
    });
    await act('razorpay', dispute, outcome);
    expect(await gateway.readDispute?.(dispute)).toMatchObject({ status, withdrawn_amount });
  },
);
