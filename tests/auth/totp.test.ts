// The codes are those of RFC 6238, appendix B (their last six digits).
import { expect, test } from 'vitest';
import { base32, totp } from './totp.ts';

test.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [20_000_000_000, '353130'],
])('at %i s: %s', (seconds, code) => {
  expect(totp(base32(Buffer.from('12345678901234567890')), seconds * 1000)).toBe(code);
});
