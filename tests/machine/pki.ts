// Certificates for the test world: the stand-ins' (from a CA that only the test image trusts) and the broker's.
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { makeAuthority } from '../../local/certificates.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const LEAF_DAYS = 90;

/** A certificate and its private key, PEM. */
export interface Pair {
  certificate: string;
  key: string;
}

const keyPem = async (key: webcrypto.CryptoKey) =>
  x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');

/** A new CA. */
export async function makeTestCa(): Promise<Pair> {
  const { certificate, privateKey } = await makeAuthority('mqtt-saas test CA');
  return { certificate: certificate.toString('pem'), key: await keyPem(privateKey) };
}

/** Days from now on which a certificate's life begins and ends. */
export interface Life {
  from: number;
  to: number;
}

/** A server certificate for these names and addresses, by default valid for 90 days. The first name is the subject. */
export async function issue(
  ca: Pair,
  names: string[],
  addresses: string[] = [],
  life: Life = { from: -1, to: LEAF_DAYS },
): Promise<Pair> {
  const caKey = x509.PemConverter.decodeFirst(ca.key);
  const signingKey = await crypto.subtle.importKey('pkcs8', caKey, ALGORITHM, false, ['sign']);
  const authority = new x509.X509Certificate(ca.certificate);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${names[0]}`,
    issuer: authority.subject,
    notBefore: new Date(Date.now() + life.from * DAY_MS),
    notAfter: new Date(Date.now() + life.to * DAY_MS),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...names.map((value) => ({ type: 'dns' as const, value })),
        ...addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await keyPem(keys.privateKey) };
}
