// A program that is built once from published Go modules, by a folder's go.mod and the checksums of its go.sum, into the user's cache.
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './postgres-binaries.ts';

const run = promisify(execFile);

/** Where Go is on a machine whose PATH lacks it. */
const GO_PATH = `${process.env.PATH}:/usr/local/go/bin`;

/** What to build. */
export interface GoProgram {
  /** The program's name, such as `nats-server`. */
  name: string;
  /** Folder with go.mod and go.sum. */
  module: string;
  /** The module in go.mod whose version is the program's. */
  versionOf: string;
  /** The package of its `main`. */
  package: string;
  /** Flags for the linker, beside those that leave out symbols. @param version as in go.mod. */
  ldflags?: (version: string) => string;
}

/** The program could not be built, and what to do about it. */
export class NotBuilt extends Error {
  override name = 'NotBuilt';
}

/** Path of the program; the first call of all builds it. @throws NotBuilt without Go, or when the build fails. */
export async function findGoProgram(program: GoProgram): Promise<string> {
  const version = versionIn(program);
  const target = join(cacheFolder(), `${program.name}-${version}`);
  const file = join(target, program.name);
  if (!existsSync(file)) await build(program, version, target);
  return file;
}

function versionIn({ module, versionOf }: GoProgram): string {
  const line = readFileSync(join(module, 'go.mod'), 'utf8')
    .split('\n')
    .find((line) => line.includes(`${versionOf} v`));
  if (!line) throw new Error(`${module}/go.mod requires no version of ${versionOf}`);
  return line.trim().split(' ')[1] as string;
}

/** Complete or not at all: two processes may build at once, and either may be killed. */
async function build(program: GoProgram, version: string, target: string): Promise<void> {
  const { name, module } = program;
  const env = { ...process.env, GOFLAGS: '', PATH: GO_PATH };
  if (!(await run('go', ['version'], { env }).catch(() => undefined))) {
    throw new NotBuilt(`Go is not installed, with which ${name} is built. Install it: https://go.dev/dl`);
  }
  console.log(`building ${name} ${version}, once; this takes some minutes`);
  await mkdir(cacheFolder(), { recursive: true });
  const partial = await mkdtemp(`${target}.partial-`);
  try {
    // Go writes beside go.mod when it is out of date: that must fail, and not change the checkout.
    await cp(module, join(partial, 'module'), { recursive: true });
    const flags = ['-s -w', program.ldflags?.(version)].filter(Boolean).join(' ');
    const args = ['build', '-mod=readonly', '-o', join(partial, name), '-ldflags', flags, program.package];
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
