import { expect, test } from 'vitest';
import { readPlaces } from '../../scripts/import/read-places.ts';

const HEADER = 'place,address,latitude,longitude';
const read = (...lines: string[]) => readPlaces([HEADER, ...lines].join('\n'));
const titles = (places: ReturnType<typeof readPlaces>) =>
  places.map(place => ('fields' in place ? place.fields.title : place.fault));

test('a file from a spreadsheet is read: its mark at the start, its line ends, its empty lines', () => {
  const places = readPlaces(
    `\uFEFF${HEADER.toUpperCase()}\r\nA,1 A ST,37.7,-122.4\r\n\r\nB,2 B ST,37.7,-122.4\r\n`,
  );
  expect(places.map(place => place.line)).toEqual([2, 4]);
  expect(titles(places)).toEqual(['A', 'B']);
});

test('a quoted field may hold commas, quotes and line breaks', () => {
  const places = read('"The ""Old"", Mill",1 A ST,1,2', '"Two', 'lines",2 B ST,1,2', 'C,3 C ST,1,2');
  expect(titles(places)).toEqual(['The "Old", Mill', 'Two\nlines', 'C']);
  expect(places.map(place => place.line)).toEqual([2, 3, 5]);
});

test('an open quote costs its own line only, wherever it stands', () => {
  const fault = 'its quotation marks are not in order';
  expect(titles(read('"A,1 A ST,1,2', 'B,2 B ST,1,2', '"C",3 C ST,1,2'))).toEqual([fault, 'B', 'C']);
  expect(titles(read('A,1 A ST,1,2', '"B'))).toEqual(['A', fault]);
});

test('a row with too few or too many columns is a fault', () => {
  expect(titles(read('A,1 A ST,1', 'B,2 B ST,1,2,3', 'C,3 C ST,1,2'))).toEqual([
    'it has 3 columns instead of 4',
    'it has 5 columns instead of 4',
    'C',
  ]);
});

test('a row keeps its reference when others come before it, and equal rows have their own', () => {
  const [a, b] = read('A,1 A ST,1,2', 'A,1 A ST,1,2');
  const [, later] = read('Z,9 Z ST,1,2', 'A,1 A ST,1,2');
  expect(a?.reference).toBe(later?.reference);
  expect(a?.reference).not.toBe(b?.reference);
});
