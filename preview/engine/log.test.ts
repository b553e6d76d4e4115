import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { toEntry, withoutStack } from './log.ts';

test('debug lines are dropped because they contain secrets in plain text', () => {
  expect(toEntry(0, 'registering with the password', '')).toBeUndefined();
  expect(toEntry(2, '\u001b[33mcareful\u001b[39m\n', 'urn:x')).toEqual({
    severity: 'warning',
    message: 'careful',
    urn: 'urn:x',
  });
});

test('an error is shown by its message', () => {
  const error = inspect(new Error('adminCidrs is missing\nset it in Pulumi.dev.yaml'));
  const logged = `Running program '/some/where.ts' failed with an unhandled exception:\n${error}`;
  expect(withoutStack(logged)).toBe('adminCidrs is missing\nset it in Pulumi.dev.yaml');
});

test('so is one that has no stack trace', () => {
  const error = new Error('adminCidrs is missing\nset it [here]');
  error.stack = `${error}`;
  expect(withoutStack(inspect(error))).toBe('adminCidrs is missing\nset it [here]');
});

test('a message that only looks like a stack trace is kept', () => {
  expect(withoutStack('meet me\n  at the harbour')).toBe('meet me\n  at the harbour');
});
