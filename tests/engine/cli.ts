// The genuine Pulumi CLI: the one on PATH where there is one, else built once from its published Go modules (cli/go.mod) into
// the user's cache.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../bootstrap/root.mjs';
import { cacheFolder } from '../../lab/postgres-binaries.ts';

const run = promisify(execFile);
const MODULE = join(import.meta.dirname, 'cli');
const PACKAGE = 'github.com/pulumi/pulumi/pkg/v3';

/** Where Go is on a machine whose PATH lacks it. */
const GO_PATH = `${process.env.PATH}:/usr/local/go/bin`;

/** There is no CLI, and what to do about it. */
export class NoCli extends Error {
  override name = 'NoCli';
}

/** Path of the program. @throws NoCli when there is none and none can be built. */
export async function findCli(): Promise<string> {
  const installed = onPath();
  if (installed) return installed;
  const version = /pulumi\/pkg\/v3 (v\S+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))![1]!;
  const target = join(cacheFolder(), `pulumi-${version}`);
  const program = join(target, 'pulumi');
  if (!existsSync(program)) await build(version, target);
  return program;
}

/** On PATH, and no older than the SDK that the program uses. */
function onPath(): string | undefined {
  const found = spawnSync('sh', ['-c', 'command -v pulumi'], { encoding: 'utf8' }).stdout.trim();
  if (!found) return undefined;
  const [major = 0, minor = 0] = numbers(spawnSync(found, ['version'], { encoding: 'utf8' }).stdout);
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [needed = 0, neededMinor = 0] = numbers({ ...dependencies, ...devDependencies }['@pulumi/pulumi']);
  if (major === needed && minor >= neededMinor) return found;
  console.log(`${found} is older than the program's SDK, ${needed}.${neededMinor}: another one is used`);
  return undefined;
}

const numbers = (version: string) => version.trim().replace(/^v/, '').split('.').map(Number);

/** Complete or not at all: two processes may build at once, and either may be killed. */
async function build(version: string, target: string): Promise<void> {
  const env = { ...process.env, GOFLAGS: '', PATH: GO_PATH };
  if (!(await run('go', ['version'], { env }).catch(() => undefined))) {
    throw new NoCli(
      'neither Pulumi nor Go is installed. Install one: https://www.pulumi.com/docs/install, or https://go.dev/dl',
    );
  }
  console.log(`building Pulumi ${version}, once; this takes some minutes`);
  await mkdir(cacheFolder(), { recursive: true });
  const partial = await mkdtemp(`${target}.partial-`);
  try {
    // Go writes beside go.mod when it is out of date: that must fail, and not change the checkout.
    await cp(MODULE, join(partial, 'module'), { recursive: true });
    const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`;
    const args = ['build', '-mod=readonly', '-o', join(partial, 'pulumi'), '-ldflags', flags, `${PACKAGE}/cmd/pulumi`];
    await visibly('go', args, join(partial, 'module'), env);
    await rm(join(partial, 'module'), { recursive: true });
    await rename(partial, target).catch((error) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Runs a program and says once a minute that it still does. */
function visibly(program: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const started = Date.now();
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  const minutes = () => Math.round((Date.now() - started) / 60_000);
  const timer = setInterval(() => console.log(`still building Pulumi, ${minutes()} min`), 60_000);
  return new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new NoCli(`Pulumi could not be built: go build ended with exit code ${code}`)),
    );
  }).finally(() => clearInterval(timer));
}
