import { default as PDFDocument } from 'pdfkit';
import { formatAmount } from './currencies.ts';
import { fontOf } from './fonts.ts';
import type { PaperRow } from './invoices.ts';

/** In points, of an A4 page of 595 by 842. */
const MARGIN = 56;
const RIGHT = 595.28 - MARGIN;
const BOTTOM = 841.89 - MARGIN;
const COLUMNS = {
  description: { x: MARGIN, width: 240, align: 'left' },
  quantity: { x: 304, width: 50, align: 'right' },
  unit: { x: 358, width: 85, align: 'right' },
  amount: { x: 447, width: RIGHT - 447, align: 'right' },
} as const;
type Cells = Partial<Record<keyof typeof COLUMNS, string>>;

const TITLES = { invoice: 'Invoice', receipt: 'Receipt', credit_note: 'Credit note' } as const;

/** Where a paper is read: how amounts and days are written. */
type Place = { language: string; time_zone: string };

/**
 * Draws a paper on A4. The same paper makes the same bytes, whenever it is drawn. Letters that the typeface has not, such as Chinese
 * ones, are drawn as boxes.
 */
export async function pdfOf(paper: PaperRow, { language, time_zone }: Place): Promise<Buffer> {
  const title = TITLES[paper.kind];
  const document = new PDFDocument({
    size: 'A4',
    margin: MARGIN,
    // Without one the library reads a typeface of its own, which writes neither rupees nor Devanagari.
    font: fontOf('regular') as unknown as string,
    lang: language,
    displayTitle: true,
    info: {
      Title: `${title} ${paper.number}`,
      Author: paper.issuer.name,
      CreationDate: new Date(paper.issued_at),
    },
  });
  document.registerFont('regular', fontOf('regular'));
  document.registerFont('bold', fontOf('bold'));
  const finished = bytesOf(document);
  const money = (amount: number) => formatAmount(amount, paper.currency, language);

  writeHead(
    document,
    paper,
    title,
    new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: time_zone }),
  );
  writeRow(document, 'bold', {
    description: 'Description',
    quantity: 'Quantity',
    unit: 'Price',
    amount: 'Amount',
  });
  writeRule(document);
  for (const { description, quantity, unit_amount, amount } of paper.lines) {
    writeRow(document, 'regular', {
      description,
      quantity: new Intl.NumberFormat(language).format(quantity),
      unit: money(unit_amount),
      amount: money(amount),
    });
  }
  writeRule(document);
  if (paper.tax_lines.length > 0) {
    writeRow(document, 'regular', { description: 'Without tax', amount: money(paper.subtotal_amount) });
    for (const { name, basis_points, amount } of paper.tax_lines) {
      const rate = basis_points === null ? '' : ` ${basis_points / 100} %`;
      writeRow(document, 'regular', { description: `${name}${rate}`, amount: money(amount) });
    }
  }
  const total = paper.kind === 'credit_note' ? 'Given back' : 'Total paid';
  writeRow(document, 'bold', { description: total, amount: money(paper.total_amount) });
  if (paper.issuer.note) document.font('regular').fontSize(9).moveDown(2).text(paper.issuer.note, MARGIN);
  document.end();
  return finished;
}

function writeHead(
  document: PDFKit.PDFDocument,
  paper: PaperRow,
  title: string,
  days: Intl.DateTimeFormat,
): void {
  const { issuer } = paper;
  document.font('bold').fontSize(16).text(issuer.name);
  document.font('regular').fontSize(9);
  for (const line of issuer.address) document.text(line);
  if (issuer.tax_id) document.text(`Tax number ${issuer.tax_id}`);
  document.moveDown(2).font('bold').fontSize(20).text(title);
  const facts = [
    ['Number', paper.number],
    ['Date', days.format(new Date(paper.issued_at))],
    ['For', paper.buyer_name],
    ['About', paper.description],
    ['Takes back', paper.corrects],
  ];
  document.fontSize(10).moveDown(0.5);
  for (const [name, value] of facts) {
    if (!value) continue;
    const y = document.y;
    document.font('regular').text(name ?? '', MARGIN, y);
    document.text(value, MARGIN + 80, y, { width: RIGHT - MARGIN - 80 });
  }
  document.moveDown(2);
}

/** One row of the table, on a new page where it finds no room. */
function writeRow(document: PDFKit.PDFDocument, font: 'regular' | 'bold', cells: Cells): void {
  document.font(font).fontSize(10);
  const written = Object.entries(cells).map(([name, text]) => ({
    ...COLUMNS[name as keyof typeof COLUMNS],
    text,
  }));
  const height = Math.max(...written.map(({ text, width }) => document.heightOfString(text, { width })));
  if (document.y + height > BOTTOM) document.addPage();
  const y = document.y;
  for (const { text, x, width, align } of written) document.text(text, x, y, { width, align });
  document.x = MARGIN;
  document.y = y + height + 4;
}

function writeRule(document: PDFKit.PDFDocument): void {
  document.moveTo(MARGIN, document.y).lineTo(RIGHT, document.y).lineWidth(0.5).stroke('#888888');
  document.y += 6;
}

function bytesOf(document: PDFKit.PDFDocument): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    document.on('data', (chunk: Buffer) => chunks.push(chunk));
    document.on('end', () => resolve(Buffer.concat(chunks)));
    document.on('error', reject);
  });
}
