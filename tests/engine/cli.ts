// The genuine Pulumi CLI: the one on PATH where there is one, else built once from its published Go modules (cli/go.mod) into
// the user's cache.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../bootstrap/root.mjs';
import { findGoProgram } from '../../lab/go-program.ts';

const PACKAGE = 'github.com/pulumi/pulumi/pkg/v3';

/** Path of the program. @throws NotBuilt when there is none and none can be built. */
export async function findCli(): Promise<string> {
  return (
    onPath() ??
    (await findGoProgram({
      name: 'pulumi',
      module: join(import.meta.dirname, 'cli'),
      versionOf: PACKAGE,
      package: `${PACKAGE}/cmd/pulumi`,
      ldflags: (version) => `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`,
    }))
  );
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
