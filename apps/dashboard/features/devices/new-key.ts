'use client';
import { generateKey, hashKey } from '../../../../domain/credentials.ts';

/** Makes a key in this browser and gives its hash away; the key is returned only when that succeeded. */
export async function withNewKey<Result>(
  store: (passwordHash: string) => Promise<Result>,
): Promise<{ key: string; result: Result }> {
  const key = generateKey();
  const result = await store(await hashKey(key));
  return { key, result };
}
