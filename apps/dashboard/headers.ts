// Writes the built site's `_headers`: what a browser may do with its pages. A step after the build, because the inline
// scripts that Next.js writes into each page are allowed by their hashes, which are known only then.
import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Longest line of `_headers` in characters: https://developers.cloudflare.com/pages/configuration/headers/ */
const MAX_LINE = 2000;

/** Features of the browser that the dashboard never uses, nor anything that got into it. */
const NEVER_USED = [
  'accelerometer',
  'autoplay',
  'camera',
  'display-capture',
  'encrypted-media',
  'fullscreen',
  'geolocation',
  'gyroscope',
  'hid',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'picture-in-picture',
  'screen-wake-lock',
  'serial',
  'usb',
  'xr-spatial-tracking',
];

/** What the site may reach besides itself. */
export interface HeaderOptions {
  /** Origins such as `https://REF.supabase.co`. Default: none, the API has the dashboard's own origin. */
  apiOrigins?: readonly string[];
}

/**
 * The file's text for pages with these contents.
 * @throws Error when a page could not work under the policy, or the policy has become too long for one line.
 */
export function renderHeaders(
  pages: Readonly<Record<string, string>>,
  { apiOrigins = [] }: HeaderOptions = {},
): string {
  for (const origin of apiOrigins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new Error(`${JSON.stringify(origin)} is not an origin such as https://example.supabase.co`);
    }
  }
  const hashes = new Set(Object.entries(pages).flatMap(([name, html]) => inlineScripts(name, html).map(hashOf)));
  const policy = [
    "default-src 'none'",
    ["script-src 'self'", ...[...hashes].sort()].join(' '),
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    ["connect-src 'self'", ...apiOrigins].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const line = `  Content-Security-Policy: ${policy}`;
  if (line.length > MAX_LINE) {
    throw new Error(
      `the Content-Security-Policy has ${line.length} characters, the most is ${MAX_LINE}: ${hashes.size} inline scripts; give pages rules of their own`,
    );
  }
  return `/*
${line}
  Strict-Transport-Security: max-age=63072000; includeSubDomains
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
  Permissions-Policy: ${NEVER_USED.map((feature) => `${feature}=()`).join(', ')}
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Resource-Policy: same-origin

/_next/static/*
  Cache-Control: public, max-age=31536000, immutable
`;
}

/** Writes `_headers` into a built site; writing it again, for another API, replaces it. */
export function writeHeaders(dir: string, options: HeaderOptions = {}): void {
  const pages = globSync('**/*.html', { cwd: dir }).sort();
  if (pages.length === 0) throw new Error(`${dir} has no page: build the dashboard first`);
  const contents = Object.fromEntries(pages.map((page) => [page, readFileSync(join(dir, page), 'utf8')]));
  writeFileSync(join(dir, '_headers'), renderHeaders(contents, options));
}

/** The texts of a page's inline scripts. Blocks of data are none: no policy applies to them. */
function inlineScripts(page: string, html: string): string[] {
  // An inline handler or style cannot be allowed by a hash.
  const bad = /<[a-z][^<>]*\s(on[a-z]+|style)\s*=/i.exec(html.replace(/<script\b[^>]*>[\s\S]*?<\/script>/gi, ''));
  if (bad) throw new Error(`${page} has an inline "${bad[1]}" attribute, which style-src and script-src 'self' forbid`);
  if (/<style\b/i.test(html)) throw new Error(`${page} has an inline <style>, which style-src 'self' forbids`);
  return [...html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi)]
    .filter(
      ([, attributes = '']) => !/\ssrc\s*=/i.test(attributes) && !/\stype="application\/(ld\+)?json"/i.test(attributes),
    )
    .map(([, , text = '']) => text);
}

const hashOf = (script: string) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
