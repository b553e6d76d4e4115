// The genuine Pulumi CLI: the one on PATH where there is one, else built once from its published Go modules (cli/go.mod) into
// the user's cache.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../bootstrap/root.mjs';
import { goProgram } from '../support/go-program.ts';

const MODULE = join(import.meta.dirname, 'cli');

/** Path of the program. @throws NotBuilt when there is none and none can be built. */
export async function findCli(): Promise<string> {
  const installed = onPath();
  if (installed) return installed;
  const version = /pulumi\/pkg\/v3 (v\S+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))![1]!;
  return goProgram({
    name: 'Pulumi',
    version,
    module: MODULE,
    package: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
    set: [`github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`],
    without:
      'neither Pulumi nor Go is installed. Install one: https://www.pulumi.com/docs/install, or https://go.dev/dl',
  });
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
