// A notification channel's secrets, sealed in the browser for the one job that sends (HPKE, RFC 9180: P-256, HKDF-SHA256, AES-128-GCM). The
// database keeps `<id of the key>.<base64url of encapsulated key and ciphertext>`.
import { Aes128Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';

/** What a webhook needs: its URL, and the key that signs, as Standard Webhooks writes it. */
export interface WebhookSecrets {
  url: string;
  /** `whsec_` and base64 of 24 to 64 bytes. */
  secret: string;
}

/** What a chat gateway needs. */
export interface ChatSecrets {
  url: string;
  key: string;
  /** The header that carries the key, one of {@link KEY_HEADERS}. */
  header: KeyHeader;
  /** Replaces `{{group}}` in the channel's template. */
  group: string;
}

/** The headers in which gateways expect their key. `authorization` gets `Bearer ` before it. */
export const KEY_HEADERS = ['authorization', 'apikey', 'api-key', 'x-api-key', 'x-auth-token'] as const;
export type KeyHeader = (typeof KEY_HEADERS)[number];

/** The public half of the platform's key, as `notification_sender()` gives it. */
export interface SealingKey {
  /** The first 16 hexadecimal digits of SHA-256 over the public key's bytes. */
  keyId: string;
  /** An uncompressed point, 65 bytes, in base64url. */
  publicKey: string;
}

/** Both halves. */
export interface OpeningKey extends SealingKey {
  privateKey: Awaited<ReturnType<typeof crypto.subtle.importKey>>;
}

/** A sealed text is damaged, or sealed for another key or tenant. */
export class NotOpened extends Error {
  override name = 'NotOpened';
}

const ENCAPSULATED_BYTES = 65;
const INFO = utf8('mqtt-saas notification channel');

const suite = new CipherSuite({
  kem: new DhkemP256HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes128Gcm(),
});

/** Seals the secrets of a channel. @param tenantId nobody can open it as another tenant's. */
export async function sealSecrets(
  secrets: WebhookSecrets | ChatSecrets,
  { keyId, publicKey }: SealingKey,
  tenantId: string,
): Promise<string> {
  const recipientPublicKey = await suite.kem.deserializePublicKey(fromBase64url(publicKey).buffer);
  const sender = await suite.createSenderContext({ recipientPublicKey, info: INFO });
  const sealed = new Uint8Array(await sender.seal(utf8(JSON.stringify(secrets)), utf8(tenantId)));
  const bytes = new Uint8Array(ENCAPSULATED_BYTES + sealed.length);
  bytes.set(new Uint8Array(sender.enc));
  bytes.set(sealed, ENCAPSULATED_BYTES);
  return `${keyId}.${toBase64url(bytes)}`;
}

/** What was sealed, unchecked. @param keys one of them is its key. @throws NotOpened. */
export async function openSecrets(sealed: string, keys: readonly OpeningKey[], tenantId: string): Promise<unknown> {
  const [keyId, text = ''] = sealed.split('.');
  const key = keys.find((one) => one.keyId === keyId);
  if (!key) throw new NotOpened('they are sealed for a key that the platform no longer has');
  try {
    const bytes = fromBase64url(text);
    const recipient = await suite.createRecipientContext({
      recipientKey: key.privateKey,
      enc: bytes.slice(0, ENCAPSULATED_BYTES),
      info: INFO,
    });
    const opened = await recipient.open(bytes.slice(ENCAPSULATED_BYTES), utf8(tenantId));
    return JSON.parse(new TextDecoder().decode(opened));
  } catch (cause) {
    throw new NotOpened('they are damaged, or sealed for another tenant', { cause });
  }
}

/** The key pair of a seed of 32 random bytes: the same each time. */
export async function openingKey(seed: Uint8Array<ArrayBuffer>): Promise<OpeningKey> {
  const pair = await suite.kem.deriveKeyPair(seed);
  const bytes = new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const keyId = Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { keyId, publicKey: toBase64url(bytes), privateKey: pair.privateKey };
}

/** A new signing key, as Standard Webhooks writes it. */
export const newWebhookSecret = (): string =>
  `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

const toBase64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const fromBase64url = (text: string) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
