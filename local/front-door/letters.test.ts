// Letters are files of their reader's alone; the log has their names only.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { letterDriver } from './letters.ts';

test('a letter is a file, its link is in no log, and old ones go', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'letters-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const said: string[] = [];
  const driver = letterDriver(folder, (line) => said.push(line));
  const send = (token: string) =>
    driver.send({ to: 'ann@example.com', subject: 'Reset', text: `https://x.example/link?token=${token}`, html: '' });
  await send('first-secret');
  const [first = ''] = readdirSync(folder);
  expect(readFileSync(join(folder, first), 'utf8')).toContain('token=first-secret');
  expect((statSync(join(folder, first)).mode & 0o777).toString(8)).toBe('600');
  expect(said.join()).toBe(`letters/${first} waits to be passed on`);
  utimesSync(join(folder, first), 0, 0);
  await send('second-secret');
  expect(readdirSync(folder)).toHaveLength(1);
  for (let n = 0; n < 250; n++) await send('many');
  expect(readdirSync(folder)).toHaveLength(200);
  expect(said.join()).not.toMatch(/secret|ann@/);
});
