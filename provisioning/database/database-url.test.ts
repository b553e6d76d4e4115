// The machine's agent reads database URLs in Python: what both read they read alike, and the agent never settles for less.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { isLoopback } from '../../domain/database-url.ts';
import vectors from '../../domain/testing/database-urls.json' with { type: 'json' };
import { HAS_PSYCOPG2, PYTHON } from '../../tests/support/registry-rig.ts';
import { describeDatabase } from './connect.ts';

const PROGRAM = `
import importlib, json, os, sys
folder, file = sys.argv[1:3]
package = os.path.exists(os.path.join(folder, "__init__.py"))
sys.path.insert(0, os.path.dirname(folder) if package else folder)
name = os.path.basename(folder) + ".registry_database" if package else "registry_database"
registry_database = importlib.import_module(name)
answers = []
for url in json.load(sys.stdin):
    with open(file, "w") as out:
        out.write(url)
    try:
        answers.append(registry_database.RegistryDatabase(file, "/no/such/ca")._arguments())
    except registry_database.DatabaseAway as error:
        answers.append(str(error))
print(json.dumps(answers))`;

/** What it hands to libpq. */
type Arguments = Record<'host' | 'user' | 'password' | 'dbname' | 'sslmode', string> & { port: number };

/** What the agent makes of each: arguments of libpq, or why it refuses. */
function askAgent(urls: string[]): (Arguments | string)[] {
  const name = readdirSync(join(ROOT, 'provisioning'), { recursive: true, encoding: 'utf8' }).find((path) =>
    path.endsWith('/registry_database.py'),
  );
  const scratch = mkdtempSync(join(tmpdir(), 'database-url-'));
  try {
    const words = ['-B', '-c', PROGRAM, join(ROOT, 'provisioning', name!, '..'), join(scratch, 'url')];
    return JSON.parse(execFileSync(PYTHON, words, { input: JSON.stringify(urls), encoding: 'utf8' }));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

it.runIf(HAS_PSYCOPG2)('the agent agrees with the one reader, or is stricter (needs python3-psycopg2)', () => {
  const answers = askAgent(vectors.map(({ url }) => url));
  for (const [index, { url, reads }] of vectors.entries()) {
    const answer = answers[index]!;
    if (typeof answer === 'string') {
      expect(answer, url).not.toContain('hunter2');
      // It has no other way to a password than the URL.
      if (reads) expect(reads.password, url).toBe('');
      continue;
    }
    const { host, port, user, password, dbname: database, sslmode } = answer;
    if (reads) expect({ host, port, user, password, database, tls: reads.tls }, url).toEqual(reads);
    if (!isLoopback(host)) expect(sslmode, url).toBe('verify-full');
    else if (reads?.tls) expect(sslmode, url).not.toBe('disable');
  }
  expect(answers.filter((answer) => typeof answer === 'object').length).toBeGreaterThan(8);
});

it('a message shows user, server and database, and nothing else of a URL', () => {
  expect(describeDatabase('postgres://a%1b:hunter2@[2001:db8::1]/x')).toBe('a%1B@[2001:db8::1]:5432/x');
  expect(describeDatabase('postgres://u:hunter2@db/x?sslmode=disable')).toBe('u@db:5432/x');
});
