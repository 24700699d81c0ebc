import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  feeOn,
  includedTax,
  type LineItem,
  lineOf,
  partnerCommission,
  servicePrice,
  sharesOf,
  singleLine,
  surchargeFor,
  withCharge,
  withCommission,
  withDiscount,
  withFee,
} from '../../lambdas/booking/booking.ts';

/** Pesos in centavos. */
const pesos = (amount: number) => amount * 100;
const service = (amount: number): LineItem =>
  lineOf({ code: 'service', description: 'Massage', quantity: 1, unit_amount: amount, amount });

test('Driveway-Hub adds 15 % to what the driver pays, and the host gets the whole price', () => {
  const price = withFee([service(1000)], 1500);
  expect(price).toMatchObject({ subtotal_amount: 1000, fee_amount: 150, total_amount: 1150 });
  expect(sharesOf(price.line_items)).toEqual({ pay_in: 1150, pay_out: 1000, platform: 150, tax: 0 });
});

test('Spacall takes its commission of service and way, from the therapist, and nothing of the tip', () => {
  const amount = servicePrice(pesos(800), pesos(900));
  expect(amount).toBe(pesos(900));
  const surcharge = surchargeFor(8000, 5000, pesos(20));
  const tip = singleLine('tip', 'Tip', pesos(100));
  const lines = [service(amount), singleLine('distance_surcharge', '3 km', surcharge), tip];
  const price = withCommission(withDiscount(withFee(lines, 0), pesos(50)), 1500);
  expect(price.total_amount).toBe(pesos(900 + 60 + 100 - 50));
  expect(price.line_items.at(-1)).toMatchObject({
    code: 'commission',
    payer: 'provider',
    amount: pesos(144),
  });
  expect(sharesOf(price.line_items)).toEqual({
    pay_in: pesos(1010),
    pay_out: pesos(900 + 60 - 144 + 100),
    platform: pesos(144 - 50),
    tax: 0,
  });
});

test('a service without a price of the provider’s own costs what the catalogue says', () => {
  expect(servicePrice(pesos(800), null)).toBe(pesos(800));
  expect(servicePrice(pesos(800), 0)).toBe(0);
});

test.each([
  [8000, 5000, 2000, 6000],
  [4000, 5000, 2000, 0],
  [5000, 5000, 2000, 0],
  [5001, 5000, 2000, 2],
  [5000.4, 5000, 2000, 0],
  [5250, 5000, 1999, 500],
])('%d metres with %d free at %d for a kilometre cost %d', (metres, free, rate, expected) => {
  expect(surchargeFor(metres, free, rate)).toBe(expected);
});

test('Recovery asks for the setup once, beside add-ons', () => {
  const addOn = lineOf({ code: 'add_on', description: 'Ice', quantity: 3, unit_amount: 500, amount: 1500 });
  const price = withFee([service(10_000), addOn], 0);
  expect(withCharge(price, 'setup_fee', 'Setup', 25_000).total_amount).toBe(36_500);
  expect(withCharge(price, 'setup_fee', 'Setup', 0)).toBe(price);
});

test('Homigo’s listing fee is the platform’s', () => {
  const price = withCharge(withFee([], 0), 'listing_fee', 'Host listing', 49_900);
  expect(sharesOf(price.line_items)).toEqual({ pay_in: 49_900, pay_out: 0, platform: 49_900, tax: 0 });
});

test('a partner’s commission is 10 to 20 percent', () => {
  expect(partnerCommission(100_000, 1500)).toBe(15_000);
  expect(partnerCommission(100_000, 1000)).toBe(10_000);
  expect(partnerCommission(100_000, 2000)).toBe(20_000);
  expect(() => partnerCommission(100_000, 2500)).toThrow('25 % is not between 10 and 20 %.');
  expect(() => partnerCommission(100_000, 999)).toThrow(RangeError);
});

test('a price names the tax that it contains', () => {
  expect(includedTax(11_800, 1800)).toBe(1800);
  expect(includedTax(999, 1800)).toBe(152);
  expect(includedTax(999, 0)).toBe(0);
});

const amount = fc.integer({ min: 0, max: 1_000_000_000 });
const basisPoints = fc.integer({ min: 0, max: 10_000 });
const prices = fc
  .record({
    lines: fc.array(amount, { maxLength: 5 }),
    tip: amount,
    surcharge: amount,
    fee: basisPoints,
    commission: basisPoints,
    setup: amount,
    tax: amount,
    /** Of the subtotal. */
    discount: basisPoints,
  })
  .map(({ lines, tip, surcharge, fee, commission, setup, tax, discount }) => {
    const own = [
      ...lines.map(service),
      singleLine('distance_surcharge', 'Way', surcharge),
      singleLine('tip', 'Tip', tip),
    ];
    const fees = withFee(own, fee);
    const asked = withDiscount(
      withCharge(fees, 'setup_fee', 'Setup', setup),
      feeOn(fees.subtotal_amount, discount),
    );
    const price = withCommission(asked, commission);
    return {
      ...price,
      line_items: [...price.line_items, singleLine('tax', 'Tax', tax, 'tax')],
      total_amount: price.total_amount + tax,
      tip,
    };
  });

test('of every price the lines make the total, and what is paid in is what the others get', () => {
  fc.assert(
    fc.property(prices, ({ line_items, total_amount, subtotal_amount, fee_amount, discount_amount, tip }) => {
      const { pay_in, pay_out, platform, tax } = sharesOf(line_items);
      expect(pay_in).toBe(total_amount);
      expect(pay_in).toBe(subtotal_amount + fee_amount - discount_amount + tax);
      expect(pay_in).toBe(pay_out + platform + tax);
      expect(Math.min(pay_in, tax)).toBeGreaterThanOrEqual(0);
      // Whatever the commission, the tip is the provider's.
      expect(pay_out).toBeGreaterThanOrEqual(tip);
      expect(line_items.every(line => Number.isSafeInteger(line.amount))).toBe(true);
    }),
  );
});

test('a commission changes nothing for the customer, and a promo code nothing for the provider', () => {
  fc.assert(
    fc.property(amount, basisPoints, basisPoints, (subtotal, commission, discount) => {
      const plain = withFee([service(subtotal)], 1500);
      const taken = sharesOf(withCommission(plain, commission).line_items);
      expect(taken.pay_in).toBe(plain.total_amount);
      const promo = sharesOf(
        withCommission(withDiscount(plain, feeOn(subtotal, discount)), commission).line_items,
      );
      expect(promo.pay_out).toBe(taken.pay_out);
    }),
  );
});

test('an amount and its tax are the same amount again', () => {
  fc.assert(
    fc.property(amount, basisPoints, (net, rate) => {
      const gross = net + feeOn(net, rate);
      expect(Math.abs(gross - includedTax(gross, rate) - net)).toBeLessThanOrEqual(1);
    }),
  );
});
