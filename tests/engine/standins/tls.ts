// The tls provider, with openssl. All but the hours of early renewal make another one (RequiresReplace in terraform-provider-tls);
// so does the day of early renewal (ready_for_renewal there).
import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Model } from './model.ts';
import { at, UNKNOWN, type WireObject } from './values.ts';

const run = promisify(execFile);
const HOUR_MS = 3_600_000;

const COMPUTED: Record<string, string[]> = {
  PrivateKey: [
    'privateKeyOpenssh',
    'privateKeyPem',
    'privateKeyPemPkcs8',
    'publicKeyPem',
    'publicKeyOpenssh',
    'publicKeyFingerprintMd5',
    'publicKeyFingerprintSha256',
  ],
  SelfSignedCert: ['certPem', 'keyAlgorithm', 'readyForRenewal', 'validityEndTime', 'validityStartTime'],
  LocallySignedCert: ['certPem', 'caKeyAlgorithm', 'readyForRenewal', 'validityEndTime', 'validityStartTime'],
  CertRequest: ['certRequestPem', 'keyAlgorithm'],
};
const kindOf = (type: string) => type.split(':').at(-1)!;
const isDue = (end: string, early: number) => Date.parse(end) - early * HOUR_MS < Date.now();

export function tls(): Model {
  return {
    stateOnly: true,
    replaces: ({ form }) => form !== 'earlyRenewalHours',
    more: ({ state, news }) =>
      typeof state.validityEndTime === 'string' && isDue(state.validityEndTime, Number(news.earlyRenewalHours ?? 0))
        ? [{ path: 'readyForRenewal', form: 'readyForRenewal', kind: 'UPDATE' }]
        : [],
    previewed: (type, inputs) => ({
      ...inputs,
      ...Object.fromEntries((COMPUTED[kindOf(type)] ?? []).map((key) => [key, UNKNOWN])),
    }),
    idOf: () => randomUUID(),
    make: async ({ type, inputs, state }) => {
      const kept = Object.fromEntries((COMPUTED[kindOf(type)] ?? []).map((key) => [key, state?.[key] ?? '']));
      return { ...inputs, ...(state ? kept : await made(kindOf(type), inputs)) };
    },
  };
}

async function made(kind: string, inputs: WireObject): Promise<WireObject> {
  if (kind === 'PrivateKey') return privateKey(inputs);
  const folder = await mkdtemp(join(tmpdir(), 'engine-tls-'));
  try {
    const file = async (name: string, text: unknown) => {
      await writeFile(join(folder, name), String(text), { mode: 0o600 });
      return join(folder, name);
    };
    const out = join(folder, 'out');
    const days = String(Math.max(1, Math.round(Number(inputs.validityPeriodHours) / 24)));
    const subject = ['-subj', `/CN=${at(inputs, 'subject.commonName') ?? ''}`];
    if (kind === 'SelfSignedCert') {
      const key = await file('key', inputs.privateKeyPem);
      await run('openssl', ['req', '-x509', '-new', '-key', key, '-days', days, ...subject, '-out', out]);
      return certificate(await readFile(out, 'utf8'), inputs);
    }
    if (kind === 'CertRequest') {
      const key = await file('key', inputs.privateKeyPem);
      const names = ((inputs.dnsNames ?? []) as string[]).map((name) => `DNS:${name}`);
      const addresses = ((inputs.ipAddresses ?? []) as string[]).map((address) => `IP:${address}`);
      const extension = `subjectAltName=${[...names, ...addresses].join(',')}`;
      await run('openssl', ['req', '-new', '-key', key, ...subject, '-addext', extension, '-out', out]);
      return { keyAlgorithm: 'ECDSA', certRequestPem: await readFile(out, 'utf8') };
    }
    const request = await file('request', inputs.certRequestPem);
    const ca = ['-CA', await file('ca', inputs.caCertPem), '-CAkey', await file('key', inputs.caPrivateKeyPem)];
    const options = ['-days', days, '-copy_extensions', 'copy', '-out', out];
    await run('openssl', ['x509', '-req', '-in', request, ...ca, ...options]);
    return { caKeyAlgorithm: 'ECDSA', ...certificate(await readFile(out, 'utf8'), inputs) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function privateKey(inputs: WireObject): WireObject {
  const curve = inputs.ecdsaCurve === 'P384' ? 'secp384r1' : 'prime256v1';
  const { privateKey: key, publicKey } =
    inputs.algorithm === 'ED25519'
      ? generateKeyPairSync('ed25519')
      : inputs.algorithm === 'ECDSA'
        ? generateKeyPairSync('ec', { namedCurve: curve })
        : generateKeyPairSync('rsa', { modulusLength: Number(inputs.rsaBits ?? 2048) });
  const pkcs8 = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    privateKeyPem: inputs.algorithm === 'ECDSA' ? key.export({ type: 'sec1', format: 'pem' }).toString() : pkcs8,
    privateKeyPemPkcs8: pkcs8,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKeyOpenssh: '',
    publicKeyOpenssh: '',
    publicKeyFingerprintMd5: '',
    publicKeyFingerprintSha256: '',
  };
}

function certificate(pem: string, inputs: WireObject): WireObject {
  const { validFrom, validTo } = new X509Certificate(pem);
  const end = new Date(validTo).toISOString();
  return {
    certPem: pem,
    keyAlgorithm: 'ECDSA',
    validityStartTime: new Date(validFrom).toISOString(),
    validityEndTime: end,
    readyForRenewal: isDue(end, Number(inputs.earlyRenewalHours ?? 0)),
  };
}
