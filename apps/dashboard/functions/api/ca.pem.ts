// GET /api/ca.pem: the CA that devices have to trust, as a file to keep.
import { type Context, PLAIN_HEADERS } from '../context.ts';

/** 404 when the broker's certificate is from a public CA: there is nothing to download then. */
export function onRequestGet({ env }: Context): Response {
  if (!env.BROKER_CA) {
    return new Response('The broker has a certificate of a public CA: devices need no file.\n', {
      status: 404,
      headers: { ...PLAIN_HEADERS, 'content-type': 'text/plain; charset=utf-8' },
    });
  }
  // A portal may store line breaks as \n.
  return new Response(`${env.BROKER_CA.replaceAll('\\n', '\n').trim()}\n`, {
    headers: {
      ...PLAIN_HEADERS,
      'content-type': 'application/x-pem-file',
      'content-disposition': 'attachment; filename="ca.pem"',
    },
  });
}
