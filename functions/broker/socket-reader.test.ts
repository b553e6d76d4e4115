// Bytes that arrive in any pieces are passed on complete, in order and once, and are not changed afterwards.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSocketReader } from './socket-reader.ts';

test('bytes in any pieces, within one turn of the event loop or several, are passed on as they came', async () => {
  const pieces = fc.array(fc.tuple(fc.integer({ min: 1, max: 64 * 1024 }), fc.boolean()), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(pieces, async (sizes) => {
      const received: Buffer[] = [];
      const { onread, flush } = createSocketReader((bytes) => received.push(bytes));
      const buffer = onread.buffer as Buffer;
      const sent: Buffer[] = [];
      let value = 0;
      for (const [size, endsTurn] of sizes) {
        // As Node does: the same buffer is written to again for each read.
        for (let at = 0; at < size; at++) buffer[at] = value++ % 251;
        sent.push(Buffer.from(buffer.subarray(0, size)));
        onread.callback(size, buffer);
        if (endsTurn) await new Promise(setImmediate);
      }
      flush();
      expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true);
      expect(received.every(({ length }) => length > 0)).toBe(true);
      flush();
      await new Promise(setImmediate);
      expect(Buffer.concat(received)).toHaveLength(sent.reduce((sum, { length }) => sum + length, 0));
    }),
    { numRuns: 10 },
  );
});

test('many small pieces of one turn are passed on together, without a call', async () => {
  const received: Buffer[] = [];
  const { onread } = createSocketReader((bytes) => received.push(bytes));
  const buffer = onread.buffer as Buffer;
  for (let n = 0; n < 100; n++) {
    buffer[0] = n;
    onread.callback(1, buffer);
  }
  expect(received).toHaveLength(0);
  await new Promise(setImmediate);
  expect(received).toEqual([Buffer.from(Array.from({ length: 100 }, (_, n) => n))]);
});
