// Installs the npm packages of the lock file when they are missing or out of date.
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
/** npm's own list of what lies in `node_modules`, whoever had it installed. It is there when an installation went to its end. */
const LIST = join(MODULES, '.package-lock.json');
/**
 * What npm downloads for the platform is kept until all of it is installed, and no longer: it would take as much room again as
 * Node and Next.js do. With a dot, as no platform's folder beside it.
 */
const DOWNLOADS = join(ROOT, '.local/.npm-cache');

/**
 * `platform` is package.json's `dependencies`: what `npm start`, `verify` and `ops` need. `all` has the cloud SDKs and
 * the tools of tests and builds as well.
 */
const SETS = {
  platform: { step: 'npm packages', args: ['--omit=dev', '--omit=peer', `--cache=${DOWNLOADS}`] },
  all: { step: 'npm packages, for development too', args: [] },
};

const readLock = () => readFileSync(LOCK, 'utf8');

const lockHash = () => createHash('sha256').update(readLock()).digest('hex');

/** Whether the set of this lock file is there. */
function isInstalled(set) {
  if (!existsSync(STAMP)) return false;
  // Alone: there was one set only.
  const [hash, installed = 'all'] = readFileSync(STAMP, 'utf8').split(' ');
  return hash === lockHash() && (installed === set || installed === 'all');
}

/** Whether packages for development are there, which a person may have installed: `npm ci`. */
const hasTools = () =>
  existsSync(LIST) && Object.values(JSON.parse(readFileSync(LIST, 'utf8')).packages).some(({ dev }) => dev);

/**
 * Installs the set once per version of the lock file. What is there is added to, because a platform may be running from it.
 * @param {'platform' | 'all'} set
 * @throws Error with what npm said.
 */
export async function ensurePackages(set) {
  if (isInstalled(set)) return;
  const progress = new Progress(process.stderr);
  // Two npm in one folder destroy each other's work.
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

/** @throws Error with what npm said, when it fails. */
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

/** 94 MB that npm 9 installs as well: programs for systems with another C library, where Postgres does not run. */
function removeMusl() {
  for (const [path, { libc }] of Object.entries(JSON.parse(readLock()).packages)) {
    if (libc && !libc.includes('glibc')) rmSync(join(ROOT, path), { recursive: true, force: true });
  }
}

/** Leaves of the package that brings Node its program, without 67 MB of C headers: nothing here is compiled against them. */
function settleNode() {
  for (const name of readdirSync(MODULES).filter((name) => name.startsWith('node-linux-'))) {
    rmSync(join(MODULES, name, 'include'), { recursive: true, force: true });
    // Debian's npm 9 makes no link for it.
    const link = join(MODULES, '.bin/node');
    if (!existsSync(link)) symlinkSync(`../${name}/bin/node`, link);
  }
}
