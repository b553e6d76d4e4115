// What an earlier commit of this repository would put onto the machine, rendered by that commit's own code.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must } from './process.ts';

/** User data and bundle of an earlier commit. */
export interface Former {
  userData: string;
  hash: string;
  /** Base64. */
  archive: string;
}

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
/** Run in the earlier commit's files. */
const RENDER = `
  import { makeTestBundle, renderUserData } from './tests/machine/environment.ts';
  const { hash, archive } = makeTestBundle();
  console.log(JSON.stringify({ userData: renderUserData(), hash, archive: archive.toString('base64') }));`;

/** Renders them with this checkout's packages. @throws Error when the commit is not there, or has no such test. */
export async function renderFormer(commit: string): Promise<Former> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-saas-former-'));
  try {
    await must('sh', ['-c', 'git -C "$0" archive "$1" | tar -x -C "$2"', REPOSITORY, commit, folder]);
    symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
    const text = await must(process.execPath, ['--input-type=module', '--eval', RENDER], { cwd: folder });
    return JSON.parse(text) as Former;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
