#!/usr/bin/env node
// Runs one of the project's programs on a fresh machine: installs what is missing, then starts the program on the Node that the
// lock file pins. Plain JavaScript without packages, because it must run on Node 20 before anything is installed.
//
//   node bootstrap/run.mjs [--packages platform] [--needs mosquitto,python3] FILE [ARGUMENT ...]
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureDebianPackages } from './debian.mjs';
import { ensurePackages } from './packages.mjs';
import { COMPILE_CACHE, ROOT } from './root.mjs';

const MINIMUM_NODE = 24;

const USAGE = 'usage: node bootstrap/run.mjs [--packages platform] [--needs PACKAGE,...] FILE [ARGUMENT ...]';

function parse(argv) {
  const given = new Map();
  let rest = argv;
  for (; rest[0] === '--packages' || rest[0] === '--needs'; rest = rest.slice(2)) given.set(rest[0], rest[1]);
  const [file, ...args] = rest;
  if (!file) throw new Error(USAGE);
  return { packages: given.get('--packages') ?? 'all', needs: given.get('--needs')?.split(',') ?? [], file, args };
}

/** The pinned Node if npm could install it on this machine, otherwise this one if it is new enough. */
function findNode() {
  const pinned = join(ROOT, 'node_modules/.bin/node');
  if (existsSync(pinned)) return pinned;
  if (major() >= MINIMUM_NODE) return process.execPath;
  throw new Error(`Node ${MINIMUM_NODE} or newer is needed; this is ${process.version}. Install it from nodejs.org.`);
}

const major = () => Number(process.versions.node.split('.')[0]);

/** Runs the program in a child process, forwards signals to it and exits with its code. */
function runInChild(node, file, args) {
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` };
  const child = spawn(node, [file, ...args], { stdio: 'inherit', env });
  // Ctrl-C reaches the child through the terminal's process group; the handler only keeps this process alive to report.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

try {
  const { packages, needs, file, args } = parse(process.argv.slice(2));
  // First the checks that may refuse, then what takes longest.
  await ensureDebianPackages(needs);
  await ensurePackages(packages);
  // For the programs that it starts, too. Node 20 has none.
  process.env.NODE_COMPILE_CACHE ??= COMPILE_CACHE;
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
  const target = join(ROOT, file);
  if (major() >= MINIMUM_NODE) {
    process.argv = [process.execPath, target, ...args];
    await import(pathToFileURL(target).href);
  } else {
    runInChild(findNode(), target, args);
  }
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
