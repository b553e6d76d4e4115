// The key of backups, in age's form.
import { bech32 } from '@scure/base';

/** `AGE-SECRET-KEY-1…`. @param secret 32 random bytes. */
export const backupKey = (secret: Uint8Array): string =>
  bech32.encodeFromBytes('AGE-SECRET-KEY-', secret).toUpperCase();
