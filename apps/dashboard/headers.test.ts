// What `_headers` says, and what it refuses to say.
import { expect, test } from 'vitest';
import { renderHeaders } from './headers.ts';

const page = (body: string) => ({ 'index.html': `<!DOCTYPE html><html><head></head><body>${body}</body></html>` });

test('inline scripts are let in by their hashes, each once; files and data need none', () => {
  const text = renderHeaders({
    ...page('<script>alert(1)</script><script src="/a.js"></script><script type="application/json">{}</script>'),
    'other.html': '<script async="">alert(1)</script><script id="x">alert(2)</script>',
  });
  const script = /script-src ([^;]*);/.exec(text)![1]!.split(' ');
  // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
  expect(script).toContain("'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='");
  expect(script).toHaveLength(3);
  expect(text).not.toContain('unsafe');
});

test('only the origins that are named may be asked', () => {
  expect(renderHeaders(page(''), { apiOrigins: ['https://ref.supabase.co'] })).toContain(
    "connect-src 'self' https://ref.supabase.co;",
  );
  expect(renderHeaders(page(''))).toContain("connect-src 'self';");
  for (const origin of ['*', 'https://ref.supabase.co/', "'unsafe-inline'", 'https://a.example; script-src *']) {
    expect(() => renderHeaders(page(''), { apiOrigins: [origin] })).toThrow('is not an origin');
  }
});

test('a page that could not work under it is refused, as is a line that Pages would drop', () => {
  expect(() => renderHeaders(page('<p style="color:red">'))).toThrow('index.html has an inline "style" attribute');
  expect(() => renderHeaders(page('<a onclick="x()">'))).toThrow('inline "onclick"');
  expect(() => renderHeaders(page('<style>p{}</style>'))).toThrow('inline <style>');
  const many = Array.from({ length: 40 }, (_, n) => `<script>${n}</script>`).join('');
  expect(() => renderHeaders(page(many))).toThrow('the most is 2000');
});
