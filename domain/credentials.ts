// Device and service keys, and the hash against which the broker checks them. WebCrypto only: the browser makes keys, too.

/**
 * PBKDF2 rounds: the default of `mosquitto_passwd` 2.0.x. Enough, because keys are 256 random bits and cannot be guessed even at one
 * round, while each connect of a device costs all rounds on a tenth of a CPU.
 */
export const PBKDF2_ITERATIONS = 101;

const KEY_BYTES = 32;
/** Length of the salt, in bytes. */
export const SALT_BYTES = 12;
const HASH_BITS = 512;

/** A new key of 256 random bits, as 43 characters of base64url. Show it once; store only its hash. */
export function generateKey(): string {
  const text = base64(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * Hash of a key in Mosquitto's password-file format: `$7$<iterations>$<salt>$<hash>` (PBKDF2-SHA512, base64).
 * @param salt 12 bytes; random by default.
 */
export async function hashKey(key: string, salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES))): Promise<string> {
  const material = await crypto.subtle.importKey('raw', new TextEncoder().encode(key), 'PBKDF2', false, ['deriveBits']);
  const bits = await crypto.subtle.deriveBits(
    { name: 'PBKDF2', hash: 'SHA-512', salt, iterations: PBKDF2_ITERATIONS },
    material,
    HASH_BITS,
  );
  return `$7$${PBKDF2_ITERATIONS}$${base64(salt)}$${base64(new Uint8Array(bits))}`;
}

/** Without Buffer, which a browser lacks. */
const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

/**
 * What the registry may hold: guards against a line that would corrupt the broker's file, and against rounds that would stop the
 * broker. At most 1,000 are allowed, which take it three milliseconds at every connect.
 */
export const HASH_PATTERN = /^\$7\$([1-9][0-9]{0,2}|1000)\$[A-Za-z0-9+/]{4,64}={0,2}\$[A-Za-z0-9+/]{86}==$/;

/** A key for a file that is opened in a spreadsheet, which takes what begins with a hyphen for a formula. */
export function generateSheetKey(): string {
  const key = generateKey();
  return key.startsWith('-') ? generateSheetKey() : key;
}
