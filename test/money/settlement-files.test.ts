import { expect, test } from 'vitest';
import { readSettlement, UnreadableFile } from '../../lambdas/money/settlement-files.ts';

const STRIPE =
  'balance_transaction_id,created_utc,created,currency,gross,fee,net,reporting_category,source_id,description,payment_intent_id';
const RAZORPAY =
  'entity_id,type,debit,credit,amount,currency,fee,tax,on_hold,settled,created_at,settled_at,settlement_id,order_id';

test('Stripe’s report is read in minor units of each currency', () => {
  const csv = [
    `\uFEFF${STRIPE}`,
    'txn_1,2026-11-20 10:00:00,2026-11-20 02:00:00,usd,11.50,0.63,10.87,charge,ch_1,"Booking, paid",pi_1',
    'txn_2,2026-11-20 10:00:00,,jpy,1050,38,1012,charge,ch_2,,pi_2',
    'txn_3,2026-11-20 10:00:00,,kwd,1.050,0.031,1.019,charge,ch_3,,pi_3',
    'txn_4,2026-11-20 10:00:00,,usd,-5.00,0.00,-5.00,refund,re_1,,pi_1',
    'txn_5,2026-11-20 10:00:00,,usd,-20.00,0.00,-20.00,payout,po_1,,',
    'txn_6,2026-11-20 10:00:00,,usd,-2.25,0.00,-2.25,fee,,Connect,',
    '',
  ].join('\r\n');
  expect(readSettlement('stripe', csv).split('\n')).toEqual([
    '2|charge|txn_1|pi_1|USD|1150|63|1087|2026-11-20T10:00:00.000Z|',
    '3|charge|txn_2|pi_2|JPY|1050|38|1012|2026-11-20T10:00:00.000Z|',
    '4|charge|txn_3|pi_3|KWD|1050|31|1019|2026-11-20T10:00:00.000Z|',
    '5|refund|txn_4|re_1|USD|-500|0|-500|2026-11-20T10:00:00.000Z|',
    '6|other|txn_5|txn_5|USD|-2000|0|-2000|2026-11-20T10:00:00.000Z|',
    '7|fee|txn_6|txn_6|USD|-225|0|-225|2026-11-20T10:00:00.000Z|',
  ]);
});

const razorpay = (...lines: string[]) =>
  readSettlement('razorpay', [RAZORPAY, ...lines].join('\n')).split('\n');

test('Razorpay’s recon is read in paise, or in rupees where it writes a point', () => {
  const at = '2019-09-05T14:09:16.000Z';
  const paise = razorpay(
    'pay_1,payment,0,97100,100000,INR,2900,442,false,true,1567692556,1568176960,setl_1,order_1',
    'rfnd_1,refund,242500,0,242500,INR,0,0,false,true,1567692556,1568176960,setl_1,order_2',
    'adj_1,adjustment,0,1012,1012,INR,0,0,false,true,1567692556,1568176960,setl_1,',
  );
  expect(paise).toEqual([
    `2|charge|pay_1|order_1|INR|100000|2900|97100|${at}|`,
    `3|refund|rfnd_1|rfnd_1|INR|-242500|0|-242500|${at}|`,
    `4|other|adj_1|adj_1|INR|1012|0|1012|${at}|`,
  ]);
  const [rupees] = razorpay('pay_1,payment,0.00,971.00,1000.00,INR,29.00,4.42,,,1567692556,,setl_1,order_1');
  expect(rupees).toBe(paise[0]);
});

test.each([
  ['created_at cannot be read', 'pay_1,payment,0,97100,100000,INR,2900,0,,,yesterday,,setl_1,order_1'],
  ['order_id is missing', 'pay_1,payment,0,97100,100000,INR,2900,0,,,1567692556,,setl_1,'],
  ['credit is not amount less fee', 'pay_1,payment,0,97101,100000,INR,2900,0,,,1567692556,,setl_1,order_1'],
  ['amount cannot be read', 'pay_1,payment,0,97100,ten,INR,2900,0,,,1567692556,,setl_1,order_1'],
  ['order_id cannot be read', 'pay_1,payment,0,97100,100000,INR,2900,0,,,1567692556,,setl_1,order|1'],
])('%s: the line keeps its place', (problem, line) => {
  const good = 'pay_2,payment,0,97100,100000,INR,2900,0,,,1567692556,,setl_1,order_2';
  expect(razorpay(line, good)).toEqual([`2|||||||||${problem}`, expect.stringMatching(/^3\|charge\|/)]);
});

test('a line that is cut short costs no other', () => {
  const good = 'pay_2,payment,0,97100,100000,INR,2900,0,,,1567692556,,setl_1,order_2';
  expect(razorpay('pay_1,payment', good)).toEqual([
    '2|||||||||currency is missing',
    expect.stringMatching(/^3\|charge/),
  ]);
});

test.each([
  ['The file has no line with', 'stripe', RAZORPAY],
  ['The file is no CSV', 'stripe', `${STRIPE}\n"txn_1`],
  ['The file has more than 30000 lines', 'stripe', `${STRIPE}${'\ntxn'.repeat(30_001)}`],
] as const)('%s …', (message, gateway, csv) => {
  expect(() => readSettlement(gateway, csv)).toThrow(message);
  expect(() => readSettlement(gateway, csv)).toThrow(UnreadableFile);
});
