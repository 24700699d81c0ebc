import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { invoiceNumber, PaperRow } from './invoices.ts';

/** Draws the invoice of a payment of the caller's, or one of its credit notes, as a PDF. The same each time it is asked for. */
export const drawInvoice = useCase({
  route: 'GET /api/v1/payments/{payment_id}/invoice.pdf',
  summary: 'Draw the invoice of a payment',
  access: signedIn(),
  input: z.strictObject({
    payment_id: id('payment'),
    /** Of a credit note. Absent: the invoice, or the receipt of a top-up. */
    number: z.optional(invoiceNumber),
  }),
  output: z.unknown(),
  raw: true,
  needs: ['fonts'],
  async run({ payment_id, number = null }, { db, marketplace }) {
    const paper = await db.one(
      sql`
        select kind, number, corrects, buyer_name, issuer, description, currency, lines, tax_lines, subtotal_amount, tax_amount,
               total_amount, issued_at
        from money.my_paper(${payment_id}::uuid, ${number}::text)`,
      PaperRow,
    );
    // The library is larger than all else together: it is read when there is something to draw.
    const { pdfOf } = await import('./invoice-pdf.ts');
    const pdf = await pdfOf(paper, marketplace);
    return {
      body: pdf.toString('base64'),
      is_base64: true,
      content_type: 'application/pdf',
      headers: { 'content-disposition': `inline; filename="${paper.number}.pdf"` },
    };
  },
});

export const handler = http(drawInvoice);
