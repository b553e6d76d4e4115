// The migration files: their names and their order.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The folder that `supabase db push` reads, too. */
export const MIGRATIONS_FOLDER = join(import.meta.dirname, 'supabase', 'migrations');

/** One migration file. */
export interface Migration {
  /** Time of writing, `YYYYMMDDHHMMSS`: the key in the history and the order of application. */
  version: string;
  /** The file name after the version. */
  name: string;
  file: string;
  sql: string;
}

const FILE_PATTERN = /^([0-9]{14})_([a-z0-9_]+)\.sql$/;

/**
 * Reads all migrations, oldest first.
 * @throws Error if a file has a wrong name, or two files have the same version.
 */
export async function readMigrations(): Promise<Migration[]> {
  const files = (await readdir(MIGRATIONS_FOLDER)).filter((file) => file.endsWith('.sql')).sort();
  const migrations: Migration[] = [];
  for (const file of files) {
    const [, version, name] = FILE_PATTERN.exec(file) ?? [];
    if (version === undefined || name === undefined) {
      throw new Error(`migration ${file}: name it YYYYMMDDHHMMSS_what_it_does.sql (a-z, 0-9, "_")`);
    }
    const twin = migrations.at(-1);
    if (twin?.version === version) {
      throw new Error(`migrations ${twin.file} and ${file} have the same version: rename the newer one`);
    }
    migrations.push({ version, name, file, sql: await readFile(join(MIGRATIONS_FOLDER, file), 'utf8') });
  }
  return migrations;
}

/** A statement that would end the transaction in which a file is applied. */
const ENDS_TRANSACTION =
  /(?:^|;)\s*(begin|start\s+transaction|commit|end|rollback|abort)(\s+(work|transaction))?(\s+and\s+(no\s+)?chain)?\s*;/i;
/** What holds no statement of the file itself: comments, texts, and the bodies of functions, whose blocks end with END, too. */
const INSIDE = /--.*$|\/\*[\s\S]*?\*\/|'[^']*'|(\$\w*\$)[\s\S]*?\1|\bbegin\s+atomic\b[\s\S]*?;\s*end\b/gim;

/** @throws Error if a file manages transactions itself: a failure would leave its first half in the database. */
export function assertOneTransaction({ file, sql }: Migration): void {
  const [, statement] = ENDS_TRANSACTION.exec(sql.replace(INSIDE, ' ')) ?? [];
  if (statement === undefined) return;
  throw new Error(
    `migration ${file} has the statement "${statement.toLowerCase()}": a file is one transaction, so that a failure leaves nothing of it. Remove it`,
  );
}

/** Hash of all migrations together, hexadecimal SHA-256: another one means that a database is behind. */
export async function migrationsHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const { file, sql } of await readMigrations()) hash.update(`${file}\0${sql}\0`);
  return hash.digest('hex');
}
