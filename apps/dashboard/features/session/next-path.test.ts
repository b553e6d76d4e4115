import { expect, test } from 'vitest';
import { safePath } from './next-path.ts';

test('only paths of this site', () => {
  expect(safePath('/admin/alerts?x=1')).toBe('/admin/alerts?x=1');
  for (const elsewhere of [null, '', 'https://example.com', '//example.com', '/\\example.com', 'javascript:alert(1)']) {
    expect(safePath(elsewhere)).toBe('/admin/devices');
  }
});
