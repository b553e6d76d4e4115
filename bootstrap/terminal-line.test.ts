// The line that is updated in place, as a terminal shows it.
import { EventEmitter } from 'node:events';
import { beforeEach, expect, test } from 'vitest';
import { Screen } from '../tests/support/terminal.ts';
import { TerminalLine } from './terminal-line.mjs';

const ABOVE = ['Dashboard  http://127.0.0.1:18080', '           owner@demo.example'];
const LONG = `4.0 msg/s   acme ${'1,000 rows, 20 dead letters   globex '.repeat(3)}`;

let screen: Screen;
let written: Promise<void>;
let stream: NodeJS.WriteStream;
let line: TerminalLine;

beforeEach(async () => {
  screen = new Screen();
  stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns: 80,
    write: (text: string) => {
      // As the terminal's line discipline does.
      written = screen.draw(text.replaceAll('\n', '\r\n'));
      return true;
    },
  }) as unknown as NodeJS.WriteStream;
  line = new TerminalLine(stream);
  stream.write(`${ABOVE.join('\n')}\n`);
});

async function resize(columns: number): Promise<void> {
  await written;
  screen.resize(columns);
  stream.columns = columns;
  stream.emit('resize');
}

test('a text longer than a row is cut to it, and replaced by the next', async () => {
  for (let second = 0; second < 30; second += 1) line.show(`${second} ${LONG}`);
  await written;
  expect(screen.rows()).toEqual([...ABOVE, `29 ${LONG}`.slice(0, 78).concat('…')]);
  line.show('short');
  await written;
  expect(screen.rows()).toEqual([...ABOVE, 'short']);
});

test('colours take no space, and end where the text is cut', async () => {
  line.show(`\u001b[1m${'x'.repeat(79)}\u001b[22m`);
  await written;
  expect(screen.rows().at(-1)).toBe('x'.repeat(79));
  line.show(`\u001b[1m${'x'.repeat(80)}\u001b[22m`);
  await written;
  expect(screen.rows().at(-1)).toBe(`${'x'.repeat(78)}…`);
});

test('a terminal that becomes narrower, step by step or at once, and wide again: nothing is left behind or lost', async () => {
  line.show(LONG);
  for (const columns of [79, 78, 77, 70, 66, 50, 36, 80, 40, 120]) {
    await resize(columns);
    await written;
    const rows = screen.rows();
    expect(rows.slice(0, 2)).toEqual(ABOVE);
    expect(rows.slice(2)).toEqual([LONG.length < columns ? LONG.trimEnd() : `${LONG.slice(0, columns - 2)}…`]);
  }
});

test('notes stay above the line, and a cleared line is gone', async () => {
  line.show('4.0 msg/s');
  line.note('! the broker ended\n');
  await written;
  expect(screen.rows()).toEqual([...ABOVE, '! the broker ended', '4.0 msg/s']);
  line.clear();
  await written;
  expect(screen.rows()).toEqual([...ABOVE, '! the broker ended']);
});

test('without a terminal, only notes are written', async () => {
  stream.isTTY = false;
  line.show('4.0 msg/s');
  line.note('! the broker ended\n');
  line.clear();
  await written;
  expect(screen.rows()).toEqual([...ABOVE, '! the broker ended']);
});
