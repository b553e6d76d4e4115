// Does what docs/on-premises.md says under "Quick start", with this test's folder and settings in the place of the reader's.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../bootstrap/root.mjs';
import { type Result, run } from '../machine/process.ts';
import { HOST } from './engine.ts';

const FOLDER = '/srv/mqtt-saas';

/** Runs one `npm run ops -- …` of this checkout, without npm. */
export function ops(words: string, folder: string, timeoutMs = 400_000): Promise<Result> {
  const args = words
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(FOLDER, folder));
  return run(process.execPath, ['ops/main.ts', ...args], { cwd: ROOT, timeoutMs });
}

/** The same; a failure is an error with what it said. */
export async function mustOps(words: string, folder: string): Promise<Result> {
  const result = await ops(words, folder);
  if (result.code !== 0)
    throw new Error(`ops ${words}: exit ${result.code}\n${result.stderr.slice(-1500)}${result.stdout.slice(-500)}`);
  return result;
}

/** @param folder of the project. @throws Error at the first command that fails. */
export async function quickStart(folder: string): Promise<string> {
  const page = readFileSync(join(ROOT, 'docs/on-premises.md'), 'utf8');
  const section = /^## Quick start\n(.*?)^## /ms.exec(page)?.[1] ?? '';
  const block = /```sh\n(.*?)```/s.exec(section)?.[1]?.replaceAll('\\\n', ' ') ?? '';
  const commands = block
    .split('\n')
    .flatMap((line) => /^(?:sudo )?npm run ops -- (.*?)(?:\s+#.*)?$/.exec(line)?.[1] ?? []);
  if (commands.length < 3) throw new Error(`the quick start has ${commands.length} commands of ops`);
  // Between render and start a person fills in .env.
  cpSync(join(ROOT, 'provisioning/compose/compose.env.example'), join(folder, '.env'));
  const env = readFileSync(join(folder, '.env'), 'utf8');
  const filled = env
    .replace('PLATFORM_HOST=', `PLATFORM_HOST=${HOST}`)
    .replace('BASE_IMAGE=', 'BASE_IMAGE=base:trixie');
  writeFileSync(join(folder, '.env'), filled);
  for (const command of commands) {
    const { stdout } = await mustOps(command, folder);
    if (command.startsWith('invite') && !stdout.includes(`https://${HOST}/invite?token=`))
      throw new Error(`the invitation's link does not lead to the dashboard: ${stdout.slice(0, 200)}`);
  }
  return `${commands.length} commands`;
}
