// A file of devices is read as spreadsheets write it, and what is wrong is told by line.
import { expect, test } from 'vitest';
import { MAX_IMPORT, MAX_IMPORT_LENGTH, readCredentials, readImport, writeCredentials } from './device-import.ts';

const device = (line: number, slug: string, name = slug, tags: string[] = []) => ({ line, slug, name, tags });

test.each([
  ['slug\npump-1\npump-2', [device(2, 'pump-1'), device(3, 'pump-2')]],
  [
    '\ufeffSlug,Name,Tags\r\npump-1,"Pump, big","Floor 2;hot"\r\n\r\n',
    [device(2, 'pump-1', 'Pump, big', ['2', 'floor', 'hot'])],
  ],
  ['name;slug\n"A ""quoted"" one";a\n', [device(2, 'a', 'A "quoted" one')]],
  ['slug\ttags\na\tx|y\n', [device(2, 'a', 'a', ['x', 'y'])]],
  ['slug,name\na,\n', [device(2, 'a')]],
  ['slug,name\na,\n\n"b","B"\n', [device(2, 'a'), device(4, 'b', 'B')]],
  ['slug\tname\ttags\na\t\t"hot"\n', [device(2, 'a', 'a', ['hot'])]],
  ['slug,name\na, "A"\n', [device(2, 'a', 'A')]],
  ['slug,name,tags\na\n', [device(2, 'a')]],
])('%j', (text, devices) => {
  expect(readImport(text)).toEqual({ devices, problems: [] });
});

test.each([
  ['', 1, 'empty'],
  ['name\nx', 1, 'column "slug" is missing'],
  ['slug,colour\na,red', 1, 'no column "colour"'],
  ['slug,slug\na,b', 1, 'twice'],
  ['slug\n', 1, 'no device'],
  ['slug\na\n\na', 4, 'is on line 2, too'],
  ['slug\nPump 1', 2, '"Pump 1" is not allowed. Use 1 to 63'],
  ['slug,name\na,"x\ny"\nB,b', 4, 'slug: "B"'],
  ['slug,name\na,"two\nlines"', 2, 'name:'],
  ['slug,tags\na,ä', 2, 'tags: "ä"'],
  ['slug,tags\na,1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17', 2, 'there are 17'],
  ['slug,name\na,b,c', 2, '3 values, but the head has 2'],
  [`slug\n${Array.from({ length: MAX_IMPORT + 1 }, (_, n) => `d${n}`).join('\n')}`, MAX_IMPORT + 2, 'Split it'],
  ['x'.repeat(MAX_IMPORT_LENGTH + 1), 1, 'Split it'],
  // As many empty lines as a file can have: hours, if each were compared with all that follow.
  [`slug${'\n'.repeat(MAX_IMPORT_LENGTH - 4)}`, 1, 'no device'],
])('%.30j is refused on line %i', (text, line, words) => {
  const { problems } = readImport(text);
  expect(problems).toContainEqual({ line, text: expect.stringContaining(words) });
});

test('all problems are told at once', () => {
  expect(readImport('slug\nA\nb\nC').problems.map(({ line }) => line)).toEqual([2, 4]);
});

test('a mark that is never closed ends with the file', () => {
  expect(readImport('slug,name\na,"open\nb').problems).toHaveLength(1);
});

test('keys are read back from the file of credentials', () => {
  const credential = {
    device: 'a',
    username: 'acme.a',
    key: '-k_1',
    broker: 'broker.example.com:8883',
    topic: 'tenants/acme/devices/a/telemetry',
  };
  const text = writeCredentials([credential]);
  expect(text).toBe(
    'device,username,key,broker,topic\nacme'.replace(
      'acme',
      'a,acme.a,-k_1,broker.example.com:8883,tenants/acme/devices/a/telemetry\n',
    ),
  );
  expect(readCredentials(text, 'acme')).toEqual(new Map([['a', '-k_1']]));
});
