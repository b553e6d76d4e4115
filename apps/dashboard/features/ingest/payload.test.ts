import { expect, test } from 'vitest';
import { showPayload } from './payload.ts';

const bytea = (bytes: Buffer | string) => `\\x${Buffer.from(bytes as string).toString('hex')}`;

test('JSON is indented, other text is shown as it is', () => {
  expect(showPayload(bytea('{"a":1}'))).toEqual({ text: '{\n  "a": 1\n}', bytes: 7, form: 'text' });
  expect(showPayload(bytea('{"a":'))).toEqual({ text: '{"a":', bytes: 5, form: 'text' });
  expect(showPayload('\\x')).toEqual({ text: '', bytes: 0, form: 'text' });
});

test('what is not UTF-8 is shown in hexadecimal', () => {
  expect(showPayload(bytea(Buffer.from([0x1f, 0x8b, 0xff])))).toEqual({ text: '1f8bff', bytes: 3, form: 'hex' });
});
