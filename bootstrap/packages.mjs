// Installs the npm packages of the lock file if they are missing or out of date.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { takeTurn } from './lock.mjs';
import { Progress } from './progress.mjs';
import { ROOT } from './root.mjs';

const MODULES = join(ROOT, 'node_modules');
/** The lock file's hash, and which set of it is installed. */
const STAMP = join(MODULES, '.installed-lock');
const LOCK = join(ROOT, 'package-lock.json');
/** npm's own list of the content of `node_modules`, however it was installed. It exists only after a complete installation. */
const LIST = join(MODULES, '.package-lock.json');
/**
 * npm's downloads for the platform, kept only until all of them are installed: they would take as much space again as Node and
 * Next.js. The name begins with a dot, unlike those of the platforms' folders beside it.
 */
const DOWNLOADS = join(ROOT, '.local/.npm-cache');

/**
 * `platform` is package.json's `dependencies`: what `npm start`, `verify` and `ops` need. `all` adds the cloud SDKs and the tools of
 * tests and builds.
 */
const SETS = {
  platform: { step: 'npm packages', args: ['--omit=dev', '--omit=peer', `--cache=${DOWNLOADS}`] },
  all: { step: 'npm packages, for development too', args: [] },
};

const readLock = () => readFileSync(LOCK, 'utf8');

const lockHash = () => createHash('sha256').update(readLock()).digest('hex');

/** Whether this lock file's set is installed. */
function isInstalled(set) {
  if (!existsSync(STAMP)) return false;
  // The hash alone: written when there was one set only.
  const [hash, installed = 'all'] = readFileSync(STAMP, 'utf8').split(' ');
  return hash === lockHash() && (installed === set || installed === 'all');
}

/** Whether development packages are installed, for example by a person's `npm ci`. */
const hasTools = () =>
  existsSync(LIST) && Object.values(JSON.parse(readFileSync(LIST, 'utf8')).packages).some(({ dev }) => dev);

/**
 * Installs the set once per version of the lock file. It only adds to an existing folder, because a platform may be running from it.
 * @param {'platform' | 'all'} set
 * @throws Error with npm's output.
 */
export async function ensurePackages(set) {
  if (isInstalled(set)) return;
  const progress = new Progress(process.stderr);
  // Two npm processes in one folder destroy each other's work.
  const lock = await takeTurn(`npm packages of ${ROOT}`, () =>
    progress.step('npm packages: another command is installing them, waiting for it'),
  );
  try {
    if (!isInstalled(set)) await install(hasTools() ? 'all' : set, progress);
  } finally {
    lock.close();
  }
  progress.done();
}

async function install(set, progress) {
  const { step, args } = SETS[set];
  progress.step(step);
  try {
    const verb = existsSync(LIST) ? ['install', '--no-save'] : ['ci'];
    await npm([...verb, ...args, '--no-audit', '--no-fund', '--loglevel=error']);
  } catch (error) {
    progress.failed();
    throw error;
  }
  rmSync(DOWNLOADS, { recursive: true, force: true });
  removeMusl();
  settleNode();
  writeFileSync(`${STAMP}.new`, `${lockHash()} ${set}`);
  renameSync(`${STAMP}.new`, STAMP);
}

/** @throws Error with npm's output if it fails. */
function npm(args) {
  return new Promise((resolve, reject) => {
    let said = '';
    const child = spawn('npm', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else
        reject(new Error(`npm could not install the packages. Check the network and start again. It said:\n${said}`));
    });
  });
}

/** 94 MB that npm 9 installs, too: programs for systems with another C library, on which Postgres does not run. */
function removeMusl() {
  for (const [path, { libc }] of Object.entries(JSON.parse(readLock()).packages)) {
    if (libc && !libc.includes('glibc')) rmSync(join(ROOT, path), { recursive: true, force: true });
  }
}

/** Keeps Node's program and removes 67 MB of C headers: nothing here is compiled against them. */
function settleNode() {
  for (const name of readdirSync(MODULES).filter((name) => name.startsWith('node-linux-'))) {
    rmSync(join(MODULES, name, 'include'), { recursive: true, force: true });
    // Debian's npm 9 makes no link for it.
    const link = join(MODULES, '.bin/node');
    if (!existsSync(link)) symlinkSync(`../${name}/bin/node`, link);
  }
}
