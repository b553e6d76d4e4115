// The machine's agent reads database URLs in Python: what both read they read alike, and the agent never settles for less.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isLoopback } from '../../domain/database-url.ts';
import vectors from '../../domain/testing/database-urls.json' with { type: 'json' };
import { HAS_PSYCOPG2, PYTHON } from '../machine/bundle/testing/agent.ts';
import { programsFolder } from '../machine/bundle/testing/programs.ts';
import { describeDatabase } from './connect.ts';

const PROGRAM = `
import json, sys
sys.path.insert(0, sys.argv[1])
from mqtt_saas import registry_database
file = sys.argv[2]
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
  const scratch = mkdtempSync(join(tmpdir(), 'database-url-'));
  try {
    const words = ['-B', '-c', PROGRAM, join(programsFolder(), 'bin'), join(scratch, 'url')];
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
