// `npm run lint:workflows`: actionlint over .github, with shellcheck over the scripts in it where that is installed. Uses the
// actionlint on the PATH, else builds the pinned version with Go; where there is neither it says so and passes.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { explainOnHelp } from '../bootstrap/explain.ts';
import { ROOT } from '../bootstrap/root.mjs';

explainOnHelp(import.meta.filename);

const VERSION = '1.7.12';
const MODULE = `github.com/rhysd/actionlint/cmd/actionlint@v${VERSION}`;
const OWN = join(ROOT, '.local/.tools', `actionlint-${VERSION}`);
/** Where Go is on a machine whose PATH lacks it. */
const GO_PATH = `${process.env.PATH}:/usr/local/go/bin`;

const runs = (program: string, ...args: string[]) =>
  spawnSync(program, args, { stdio: 'ignore', env: { ...process.env, PATH: GO_PATH } }).status === 0;

/** The linter's program; undefined if it is not available here. @throws Error when Go is here and could not build it. */
function findActionlint(): string | undefined {
  if (runs('actionlint', '-version')) return 'actionlint';
  const built = join(OWN, 'actionlint');
  if (existsSync(built)) return built;
  if (!runs('go', 'version')) return undefined;
  console.log(`building actionlint ${VERSION} (once, under a minute) ...`);
  const env = { ...process.env, PATH: GO_PATH, GOBIN: OWN };
  const { status, stderr } = spawnSync('go', ['install', MODULE], { env, encoding: 'utf8', timeout: 300_000 });
  if (status !== 0) throw new Error(`actionlint could not be built: ${stderr.trim() || 'no answer within 5 minutes'}`);
  return built;
}

try {
  const actionlint = findActionlint();
  if (actionlint === undefined) {
    console.log('workflows: not linted, there is neither actionlint nor Go here');
  } else {
    const { status } = spawnSync(actionlint, [], { cwd: ROOT, stdio: 'inherit' });
    if (status === 0) console.log('workflows: all good');
    else process.exitCode = 1;
  }
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
