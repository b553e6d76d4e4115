// A private CA and the broker's certificate for the local platform, kept between starts.
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const SERVER_DAYS = 90;
/** A certificate this close to its end is made anew at start. */
const RENEW_DAYS = 30;

/** Paths of the PEM files. */
export interface CertificateFiles {
  caFile: string;
  certificateFile: string;
  keyFile: string;
}

/** Makes CA and server certificate for `localhost` and 127.0.0.1 in `dir`, or keeps those that are there and valid. */
export async function ensureCertificates(dir: string): Promise<CertificateFiles> {
  const files = {
    caFile: join(dir, 'ca.pem'),
    certificateFile: join(dir, 'server.pem'),
    keyFile: join(dir, 'server.key'),
  };
  if (Object.values(files).every(existsSync) && daysLeft(files.certificateFile) > RENEW_DAYS) return files;
  const ca = await loadOrMakeAuthority(dir, files.caFile);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=localhost',
    issuer: ca.certificate.subject,
    ...validity(SERVER_DAYS),
    publicKey: keys.publicKey,
    signingKey: ca.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(ca.certificate),
    ],
  });
  writeFileSync(files.certificateFile, certificate.toString('pem'));
  writeFileSync(files.keyFile, await privateKeyPem(keys.privateKey), { mode: 0o600 });
  return files;
}

/** A certificate authority of its own, for a client that must not trust anything else. */
export async function makeAuthority(
  commonName: string,
): Promise<{ certificate: x509.X509Certificate; privateKey: webcrypto.CryptoKey }> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    ...validity(CA_DAYS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, privateKey: keys.privateKey };
}

async function loadOrMakeAuthority(dir: string, caFile: string) {
  const keyFile = join(dir, 'ca.key');
  if (existsSync(caFile) && existsSync(keyFile) && daysLeft(caFile) > SERVER_DAYS) {
    const pkcs8 = x509.PemConverter.decodeFirst(readFileSync(keyFile, 'utf8'));
    const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']);
    return { certificate: new x509.X509Certificate(readFileSync(caFile, 'utf8')), privateKey };
  }
  const authority = await makeAuthority('mqtt-saas local CA');
  writeFileSync(keyFile, await privateKeyPem(authority.privateKey), { mode: 0o600 });
  writeFileSync(caFile, authority.certificate.toString('pem'));
  return authority;
}

function validity(days: number) {
  const now = Date.now();
  return { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + days * DAY_MS) };
}

function daysLeft(certificateFile: string): number {
  const { notAfter } = new x509.X509Certificate(readFileSync(certificateFile, 'utf8'));
  return (notAfter.getTime() - Date.now()) / DAY_MS;
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
