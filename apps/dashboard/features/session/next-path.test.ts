import { expect, test } from 'vitest';
import { safePath } from './next-path.ts';

test('only paths of this site', () => {
  expect(safePath('/admin/alerts?x=1')).toBe('/admin/alerts?x=1');
  for (const elsewhere of [null, '', 'https://example.com', '//example.com', '/\\example.com', 'javascript:alert(1)']) {
    expect(safePath(elsewhere)).toBe('/admin/devices');
  }
});

test('nor what a browser reads as another site: it drops tabs and line breaks, and resolves dots', () => {
  for (const between of ['\t', '\n', '\r', '\t\r\n', '.', './.', 'x/..']) {
    for (const slash of ['/', '\\']) {
      const path = safePath(`/${between}${slash}evil.example/phish`);
      expect(new URL(path, 'https://here.example').origin).toBe('https://here.example');
      expect(path).toMatch(/^\/(?!\/)/);
    }
  }
  expect(safePath('/\t/evil.example/phish')).toBe('/admin/devices');
});
