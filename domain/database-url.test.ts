import { expect, it } from 'vitest';
import { readDatabaseUrl } from './database-url.ts';
import vectors from './testing/database-urls.json' with { type: 'json' };

const trust = {
  readFile: (path: string) => {
    if (path === 'ca.crt') return 'PEM';
    throw new Error(`ENOENT: ${path}`);
  },
};

const read = vectors.flatMap(({ url, reads }) => (reads ? [[url, reads] as const] : []));
const refused = vectors.flatMap(({ url, refused: why }) => (why ? [[url, why] as const] : []));

it.each(read)('%s is read, with verified TLS or none', (url, expected) => {
  const { ssl, ...address } = readDatabaseUrl(url, trust);
  expect({ ...address, tls: ssl !== false }).toEqual(expected);
  if (ssl) expect(ssl).toEqual({ rejectUnauthorized: true, ca: undefined });
});

it.each(refused)('%s is refused, and no part of it is shown', (url, why) => {
  const attempt = () => readDatabaseUrl(url, trust);
  expect(attempt).toThrow(why);
  expect(attempt).not.toThrow(/hunter2|example/);
});

it('trusts the given certificate, or else the file that the URL names', () => {
  const url = 'postgres://u:p@db.example.com/x?sslrootcert=ca.crt';
  expect(readDatabaseUrl(url, trust).ssl).toMatchObject({ ca: 'PEM' });
  expect(readDatabaseUrl(url, { ...trust, ca: 'OWN' }).ssl).toMatchObject({ ca: 'OWN' });
});
