// A private certificate authority, and server certificates from it.
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;

/** A certificate and its private key, PEM. */
export interface Pair {
  certificate: string;
  key: string;
}

/** Days from now on which a certificate's life begins and ends. */
export interface Life {
  from: number;
  to: number;
}

/** What a server certificate is good for, from yesterday on: no clock is exact. */
export const SERVER_LIFE: Life = { from: -1, to: 90 };

/** A new certificate authority. */
export async function makeAuthority(commonName: string): Promise<Pair> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    ...validity({ from: -1, to: CA_DAYS }),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pairOf(certificate, keys.privateKey);
}

/** A server certificate for these names and addresses. The first name is the subject. @param life default: 90 days. */
export async function issue(
  authority: Pair,
  names: string[],
  addresses: string[] = [],
  life = SERVER_LIFE,
  usages = [x509.ExtendedKeyUsage.serverAuth],
): Promise<Pair> {
  const pkcs8 = x509.PemConverter.decodeFirst(authority.key);
  const signingKey = await crypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']);
  const issuer = new x509.X509Certificate(authority.certificate);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${names[0]}`,
    issuer: issuer.subject,
    ...validity(life),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages),
      new x509.SubjectAlternativeNameExtension([
        ...names.map((value) => ({ type: 'dns' as const, value })),
        ...addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return pairOf(certificate, keys.privateKey);
}

/** A certificate of a server that is another server's client, too. */
export const issuePeer = (authority: Pair, names: string[], addresses: string[]): Promise<Pair> =>
  issue(authority, names, addresses, SERVER_LIFE, [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]);

/** Days until a certificate's end; negative when that is past. @param certificate PEM. */
export function daysLeft(certificate: string): number {
  return (new x509.X509Certificate(certificate).notAfter.getTime() - Date.now()) / DAY_MS;
}

function validity({ from, to }: Life) {
  const now = Date.now();
  return { notBefore: new Date(now + from * DAY_MS), notAfter: new Date(now + to * DAY_MS) };
}

async function pairOf(certificate: x509.X509Certificate, privateKey: webcrypto.CryptoKey): Promise<Pair> {
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
  return { certificate: certificate.toString('pem'), key };
}
