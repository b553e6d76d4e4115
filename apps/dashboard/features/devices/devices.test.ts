import { expect, test } from 'vitest';
import { inOrder } from './devices.ts';

test('numbers in slugs are in order of their value', () => {
  const slugs = ['pump-10', 'pump-2', 'boiler', 'pump-100', 'pump-1', 'pump', '9', '10'];
  expect(inOrder(slugs.map((slug) => ({ slug }))).map(({ slug }) => slug)).toEqual([
    '9',
    '10',
    'boiler',
    'pump',
    'pump-1',
    'pump-2',
    'pump-10',
    'pump-100',
  ]);
});
