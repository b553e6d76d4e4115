// The demonstration's passwords: easy to type, hard to guess.
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { expect, test } from 'vitest';
import { makePassphrase } from './demo-users.ts';

test('four words from a list of 2,048, never the same twice', () => {
  expect(new Set(wordlist).size).toBe(2 ** 11);
  const phrases = Array.from({ length: 200 }, makePassphrase);
  for (const phrase of phrases) {
    const words = phrase.split('-');
    expect(words).toHaveLength(4);
    for (const word of words) expect(wordlist).toContain(word);
  }
  expect(new Set(phrases).size).toBe(phrases.length);
});
