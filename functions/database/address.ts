// A database's connection URL as the functions read it: by the one rule, with certificates from files.
import { readFileSync } from 'node:fs';
import { readDatabaseUrl as read } from '../../domain/database-url.ts';

export type { DatabaseAddress } from '../../domain/database-url.ts';

/** @param ca PEM to trust instead of the public authorities. @throws Error that says what to change. */
export const readDatabaseUrl = (text: string, ca?: string) =>
  read(text, { ca, readFile: (path) => readFileSync(path, 'utf8') });
