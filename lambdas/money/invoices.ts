import * as z from 'zod/mini';
import { amount, currency, id, instant, text } from '../kernel/fields.ts';
import { signedAmount } from './money.ts';

export const invoiceNumber = text(1, 30, 'DRV-I26-00000001');

/** A paper of a payment: an invoice, a receipt of what was paid in, or a credit note of what was given back. */
const Paper = z.object({
  id: id('invoice'),
  kind: z.enum(['invoice', 'receipt', 'credit_note']).check(z.meta({ examples: ['invoice'] })),
  number: invoiceNumber,
  currency,
  subtotal_amount: signedAmount,
  tax_amount: amount,
  total_amount: amount,
  issued_at: instant,
  /** Where its PDF is, behind the marketplace's address. */
  url: text(1, 200, '/api/v1/payments/019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e/invoice.pdf'),
});

/** The papers of a payment, as `money.papers_of` has them. `invoice` is null until something was paid. */
export const papers = { invoice: z.nullable(Paper), credit_notes: z.array(Paper) };

/** A paper with all that stands on it: the row of `money.my_paper`. */
export const PaperRow = z.object({
  kind: Paper.shape.kind,
  number: z.string(),
  /** The number of the invoice that a credit note takes back. */
  corrects: z.nullable(z.string()),
  buyer_name: z.nullable(z.string()),
  issuer: z.object({
    name: z.string(),
    address: z.array(z.string()),
    tax_id: z.optional(z.nullable(z.string())),
    note: z.optional(z.nullable(z.string())),
  }),
  description: z.string(),
  currency: z.string(),
  lines: z.array(
    z.object({
      description: z.string(),
      quantity: z.number(),
      unit_amount: z.int(),
      amount: z.int(),
    }),
  ),
  tax_lines: z.array(
    z.object({
      name: z.string(),
      basis_points: z.nullable(z.int()),
      amount: z.int(),
      is_included: z.boolean(),
    }),
  ),
  subtotal_amount: z.int(),
  tax_amount: z.int(),
  total_amount: z.int(),
  issued_at: instant,
});
export type PaperRow = z.output<typeof PaperRow>;
