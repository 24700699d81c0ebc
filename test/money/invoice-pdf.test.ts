import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { formatAmount } from '../../lambdas/money/currencies.ts';
import { fontOf } from '../../lambdas/money/fonts.ts';
import { pdfOf } from '../../lambdas/money/invoice-pdf.ts';
import type { PaperRow } from '../../lambdas/money/invoices.ts';
import { marketplaces } from '../../marketplaces/index.ts';

const paper = (changes: Partial<PaperRow> = {}): PaperRow => ({
  kind: 'invoice',
  number: 'HND-I26-00000001',
  corrects: null,
  buyer_name: 'आशा राव',
  issuer: {
    name: 'Handie',
    address: ['12 MG Road', 'Bengaluru'],
    tax_id: '29ABCDE1234F1Z5',
    note: 'Thank you.',
  },
  description: 'Booking HND-2026-000001',
  currency: 'INR',
  lines: [{ description: '2.5 hours', quantity: 2.5, unit_amount: 10_000, amount: 25_000 }],
  tax_lines: [{ name: 'GST', basis_points: 1800, amount: 3814, is_included: true }],
  subtotal_amount: 21_186,
  tax_amount: 3814,
  total_amount: 25_000,
  issued_at: '2026-11-20T20:00:00.000Z',
  ...changes,
});
/** What pdfkit reads fonts with. */
const { create }: { create(font: Buffer): { hasGlyphForCodePoint(letter: number): boolean } } = createRequire(
  import.meta.resolve('pdfkit'),
)('fontkit');
const INDIA = { language: 'en-IN', time_zone: 'Asia/Kolkata' };
const pagesOf = (pdf: Buffer) => pdf.toString('latin1').match(/\/Type \/Page\n/g)?.length;

test('the same paper makes the same bytes, and another one others', async () => {
  const pdf = await pdfOf(paper(), INDIA);
  expect(pdf.equals(await pdfOf(paper(), INDIA))).toBe(true);
  expect(pdf.equals(await pdfOf(paper({ buyer_name: null }), INDIA))).toBe(false);
  expect(pagesOf(pdf)).toBe(1);
});

test('many lines go on over pages', async () => {
  const lines = Array.from({ length: 60 }, (_, n) => ({
    description: `Line ${n} `.repeat(20),
    quantity: 1,
    unit_amount: 100,
    amount: 100,
  }));
  expect(pagesOf(await pdfOf(paper({ lines }), INDIA))).toBeGreaterThan(3);
});

test.each(['regular', 'bold'] as const)('the %s typeface writes what people here write', weight => {
  const font = create(fontOf(weight));
  const amounts = marketplaces.map(({ currency, language }) =>
    formatAmount(-123_456_789, currency, language),
  );
  const others = [
    formatAmount(1050, 'JPY', 'en-US'),
    formatAmount(1050, 'KWD', 'en-KW'),
    formatAmount(1, 'EUR', 'de-DE'),
  ];
  const text = [
    ...amounts,
    ...others,
    'Žofie Müller-Łukaszewicz Nguyễn Ñúñez',
    'आशा राव क्षेत्रज्ञ हिन्दी',
    'Ελένη Иванова',
    '–—’“”·',
  ].join('');
  const unwritten = [...new Set(text)].filter(
    letter => !font.hasGlyphForCodePoint(letter.codePointAt(0) ?? 0),
  );
  expect(unwritten).toEqual([]);
});
