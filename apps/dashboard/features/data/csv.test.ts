// Lines of CSV: quoted as RFC 4180 says, exact, and without formulas.
import { expect, test } from 'vitest';
import { csvCell, csvLine, isoTime } from './csv.ts';

test.each([
  ['plain', 'plain'],
  [null, ''],
  ['', ''],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\nlines', '"two\nlines"'],
  ['123456789012345678.123456789', '123456789012345678.123456789'],
  ['-6.2001', '-6.2001'],
  ['1e-7', '1e-7'],
  ['=1+1', "'=1+1"],
  ['+62 812', "'+62 812"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['-2+3', "'-2+3"],
  ['-', "'-"],
  ['\t=1', `"'\t'=1"`],
  // A spreadsheet that separates cells by semicolons does not see these quotes: they are not at the start of its cell.
  ['x;=1+1;y', `"x;'=1+1;y"`],
  ['x\n=1+1;y', `"x\n'=1+1;y"`],
  ['a,-1', '"a,-1"'],
  ['a;b', '"a;b"'],
  ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
  ['＝1', "'＝1"],
])('%j is %j', (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});

test.each([
  ['2026-11-30T08:00:00.123456+00:00', '2026-11-30T08:00:00.123456Z'],
  ['2026-11-30 08:00:00+00', '2026-11-30T08:00:00Z'],
  ['2026-11-30T15:00:00+07:00', '2026-11-30T15:00:00+07:00'],
])('the time %s is %s', (ts, time) => {
  expect(isoTime(ts)).toBe(time);
});

test('a line ends with CR and LF', () => {
  expect(csvLine(['time', null, 'a,b'])).toBe('time,,"a,b"\r\n');
});
