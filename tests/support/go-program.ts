// A program that is built once, from its published Go modules, into the user's cache: a genuine part that no package of npm or
// Debian has.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../lab/postgres-binaries.ts';

const run = promisify(execFile);

/** Where Go is on a machine whose PATH lacks it. */
const GO_PATH = `${process.env.PATH}:/usr/local/go/bin`;

/** There is no such program, and what to do about it. */
export class NotBuilt extends Error {
  override name = 'NotBuilt';
}

/** What is built. */
export interface GoProgram {
  /** Name of the program, for people. */
  name: string;
  version: string;
  /** Folder with go.mod and go.sum, which name every module exactly. */
  module: string;
  /** Package of the program in these modules. */
  package: string;
  /** Variables of packages that are set: `path.name=value`. */
  set?: string[];
  /** What to do where Go is not installed. */
  without: string;
}

/** Path of the program. @throws NotBuilt where it is not in the cache and cannot be built. */
export async function goProgram(program: GoProgram): Promise<string> {
  const file = basename(program.package === '.' ? program.module : program.package);
  const target = join(cacheFolder(), `${program.name.toLowerCase()}-${program.version}`);
  if (!existsSync(join(target, file))) await build(program, target, file);
  return join(target, file);
}

/** Complete or not at all: two processes may build at once, and either may be killed. */
async function build(program: GoProgram, target: string, file: string): Promise<void> {
  const { name, version, module } = program;
  const env = { ...process.env, GOFLAGS: '', PATH: GO_PATH };
  if (!(await run('go', ['version'], { env }).catch(() => undefined))) throw new NotBuilt(program.without);
  console.log(`building ${name} ${version}, once; this takes some minutes`);
  await mkdir(cacheFolder(), { recursive: true });
  const partial = await mkdtemp(`${target}.partial-`);
  try {
    // Go writes beside go.mod when it is out of date: that must fail, and not change the checkout.
    await cp(module, join(partial, 'module'), { recursive: true });
    const flags = ['-s', '-w', ...(program.set ?? []).flatMap((value) => ['-X', value])].join(' ');
    const args = ['build', '-mod=readonly', '-o', join(partial, file), '-ldflags', flags, program.package];
    await visibly(name, args, join(partial, 'module'), env);
    await rm(join(partial, 'module'), { recursive: true });
    await rename(partial, target).catch((error) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Runs Go and says once a minute that it still does. */
function visibly(name: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const started = Date.now();
  const child = spawn('go', args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  const minutes = () => Math.round((Date.now() - started) / 60_000);
  const timer = setInterval(() => console.log(`still building ${name}, ${minutes()} min`), 60_000);
  return new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0
        ? resolve()
        : reject(new NotBuilt(`${name} could not be built: go build ended with exit code ${code}`)),
    );
  }).finally(() => clearInterval(timer));
}
