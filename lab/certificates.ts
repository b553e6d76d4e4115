// A private CA and the broker's certificate for the local platform, kept between starts.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { daysLeft, issue, makeAuthority, type Pair, SERVER_LIFE } from './authority.ts';

/** A certificate this close to its end is replaced at the start. */
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
  if (Object.values(files).every(existsSync) && daysLeft(read(files.certificateFile)) > RENEW_DAYS) return files;
  const ca = await loadOrMakeAuthority(files.caFile, join(dir, 'ca.key'));
  write(await issue(ca, ['localhost'], ['127.0.0.1']), files.certificateFile, files.keyFile);
  return files;
}

async function loadOrMakeAuthority(caFile: string, keyFile: string): Promise<Pair> {
  if (existsSync(caFile) && existsSync(keyFile) && daysLeft(read(caFile)) > SERVER_LIFE.to) {
    return { certificate: read(caFile), key: read(keyFile) };
  }
  const authority = await makeAuthority('mqtt-saas local CA');
  write(authority, caFile, keyFile);
  return authority;
}

/** The key first: after an interruption in between, the next start makes both again. */
function write({ certificate, key }: Pair, certificateFile: string, keyFile: string): void {
  writeFileSync(keyFile, key, { mode: 0o600 });
  writeFileSync(certificateFile, certificate);
}

const read = (file: string) => readFileSync(file, 'utf8');
