// Encrypts what is stored, in age's format (age-encryption.org/v1): in chunks, each authenticated, with the end marked. A flipped byte, a
// cut and a wrong key are noticed. Without this program: age --decrypt --identity KEYFILE.
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { Decrypter, Encrypter, identityToRecipient } from 'age-encryption';

/** @param key `AGE-SECRET-KEY-1…`. @throws Error when it is not a key. */
export async function seal(source: Readable, key: string): Promise<Readable> {
  const encrypter = new Encrypter();
  try {
    encrypter.addRecipient(await identityToRecipient(key));
  } catch {
    throw new Error('BACKUP_KEY is not an age key: it begins with AGE-SECRET-KEY-1');
  }
  const sealed = await encrypter.encrypt(Readable.toWeb(source) as ReadableStream<Uint8Array<ArrayBuffer>>);
  return Readable.fromWeb(sealed as ReadableStream);
}

/** @throws Error when the key is another one, at once; when the content was changed or cut, as it is read. */
export async function open(source: Readable, key: string): Promise<Readable> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(key);
  try {
    const opened = await decrypter.decrypt(Readable.toWeb(source) as ReadableStream<Uint8Array<ArrayBuffer>>);
    return Readable.fromWeb(opened as ReadableStream);
  } catch (cause) {
    source.destroy();
    const message = (cause as Error).message;
    if (message.includes('no identity matched'))
      throw new Error('it was encrypted with another key than BACKUP_KEY: find the key of its time', { cause });
    throw new Error(`it is damaged at its beginning: ${message}`, { cause });
  }
}
