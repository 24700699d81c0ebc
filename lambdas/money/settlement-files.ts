import { CsvError, parse } from 'csv-parse/sync';
import { fromMajor } from './currencies.ts';
import type { SettlingGateway } from './settlements.ts';

/** A line of a gateway's file, in minor units; negative where money left. */
type Told = {
  kind: 'charge' | 'refund' | 'fee' | 'other';
  /** The gateway's id of the line, and of the payment or the refund that it is about. */
  entry_reference: string;
  reference: string;
  currency: string;
  amount: number;
  fee: number;
  net: number;
  occurred_at: Date;
};

/** The file is not one of this gateway's at all. Its message is a whole sentence. */
export class UnreadableFile extends Error {}

/** Fields of a line by the names of its columns. Throws a LineFault for what is missing or wrong. */
type Fields = (name: string, pattern?: RegExp) => string;
class LineFault extends Error {}

type Format = { columns: readonly string[]; read(field: Fields, file: { hasPoints: boolean }): Told };

const NUMBER = /^-?\d{1,15}(\.\d{1,4})?$/;
const REFERENCE = /^[\w.:-]{1,255}$/;
const MOST_LINES = 30_000;

/**
 * Columns of Stripe's itemised reports "Payout reconciliation" and "Balance change from activity" (major units, UTC). A charge is found
 * by its payment intent, a refund by its own id. What Stripe bills for by itself, such as Connect's accounts and payouts, is a `fee`.
 */
const stripe: Format = {
  columns: [
    'balance_transaction_id',
    'created_utc',
    'currency',
    'gross',
    'fee',
    'net',
    'reporting_category',
    'source_id',
    'payment_intent_id',
  ],
  read(field) {
    const currency = field('currency', /^[A-Za-z]{3}$/).toUpperCase();
    const money = (name: string) => fromMajor(field(name, NUMBER), currency);
    const category = field('reporting_category');
    const kind = category === 'charge' || category === 'refund' || category === 'fee' ? category : 'other';
    const of =
      kind === 'charge' ? 'payment_intent_id' : kind === 'refund' ? 'source_id' : 'balance_transaction_id';
    const [amount, fee, net] = [money('gross'), money('fee'), money('net')];
    if (amount - fee !== net) throw new LineFault('net is not gross less fee');
    const created = field('created_utc', /^20\d\d-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?$/);
    const occurred_at = new Date(`${created.replace(' ', 'T')}Z`);
    // A day that a month has not would be one of the next.
    if (!occurred_at.toISOString().startsWith(created.slice(0, 10)))
      throw new LineFault('created_utc is no day');
    return {
      kind,
      entry_reference: field('balance_transaction_id', REFERENCE),
      reference: field(of, REFERENCE),
      currency,
      amount,
      fee,
      net,
      occurred_at,
    };
  },
};

/**
 * Columns of Razorpay's settlement recon, as its API names them: amounts in paise, or in rupees where the file writes any with a
 * point; the fee contains its tax; times in seconds since 1970. A payment is found by its order, a refund by its own id.
 */
const razorpay: Format = {
  columns: ['entity_id', 'type', 'debit', 'credit', 'amount', 'currency', 'fee', 'created_at', 'order_id'],
  read(field, { hasPoints }) {
    const currency = field('currency', /^[A-Z]{3}$/);
    const money = (name: string) =>
      hasPoints ? fromMajor(field(name, NUMBER), currency) : Number(field(name, /^\d{1,15}$/));
    const type = field('type');
    const kind = type === 'payment' ? 'charge' : type === 'refund' ? 'refund' : 'other';
    const fee = money('fee');
    const net = money('credit') - money('debit');
    const amount = kind === 'refund' ? -money('amount') : money('amount');
    if (kind === 'charge' && amount - fee !== net) throw new LineFault('credit is not amount less fee');
    return {
      kind,
      entry_reference: field('entity_id', REFERENCE),
      reference: field(kind === 'charge' ? 'order_id' : 'entity_id', REFERENCE),
      currency,
      amount,
      fee: kind === 'refund' ? amount - net : fee,
      net,
      occurred_at: new Date(Number(field('created_at', /^\d{10}$/)) * 1000),
    };
  },
};

const FORMATS: Readonly<Record<SettlingGateway, Format>> = { stripe, razorpay };

/**
 * Reads a gateway's file into the rows that `money.import_settlement` takes: a line that cannot be read is a row with its problem.
 *
 * @throws UnreadableFile when it is no CSV, has not the columns, or has more than 30,000 lines
 */
export function readSettlement(gateway: SettlingGateway, csv: string): string {
  const { columns, read } = FORMATS[gateway];
  const { header, records } = readRecords(csv);
  const missing = columns.filter(column => records.length === 0 || !header.includes(column));
  if (missing.length > 0) throw new UnreadableFile(`The file has no line with ${missing.join(', ')}.`);
  if (records.length > MOST_LINES)
    throw new UnreadableFile('The file has more than 30000 lines: cut it by days.');
  const hasPoints = records.some(({ record }) => record.amount?.includes('.'));
  return records
    .map(({ line, record }) => {
      try {
        const told = read((name, pattern = /^.{1,255}$/) => fieldOf(record, name, pattern), { hasPoints });
        return rowOf(line, told);
      } catch (error) {
        if (!(error instanceof LineFault || error instanceof RangeError)) throw error;
        const problem = error.message.replaceAll(/[|\n]/g, ' ').slice(0, 200);
        return [line, ...NOTHING_TOLD, problem].join('|');
      }
    })
    .join('\n');
}

/** The fields of a row between its line and its problem, where the line cannot be read. */
const NOTHING_TOLD: readonly string[] = Array(8).fill('');

function rowOf(line: number, told: Told): string {
  const { kind, entry_reference, reference, currency, amount, fee, net, occurred_at } = told;
  return [
    line,
    kind,
    entry_reference,
    reference,
    currency,
    amount,
    fee,
    net,
    occurred_at.toISOString(),
    '',
  ].join('|');
}

function fieldOf(record: Readonly<Record<string, string>>, name: string, pattern: RegExp): string {
  const value = record[name] ?? '';
  if (value === '') throw new LineFault(`${name} is missing`);
  if (!pattern.test(value)) throw new LineFault(`${name} cannot be read`);
  return value;
}

type Row = { line: number; record: Readonly<Record<string, string>> };

function readRecords(csv: string): { header: readonly string[]; records: Row[] } {
  let header: string[] = [];
  try {
    const rows: { info: { lines: number }; record: Record<string, string> }[] = parse(csv, {
      bom: true,
      columns: (names: string[]) => {
        header = names.map(name => name.trim().toLowerCase());
        return header;
      },
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    });
    return { header, records: rows.map(({ info, record }) => ({ line: info.lines, record })) };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UnreadableFile(`The file is no CSV: ${error.message}`);
  }
}
