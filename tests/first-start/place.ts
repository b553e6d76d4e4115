// A bare Debian that scripts run in: its own mounts and processes, this machine's network or none.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, cached } from '../machine/cache.ts';
import { must } from '../machine/process.ts';

/** Its Node is 20: older than the one that the lock file pins. */
const SUITE = 'trixie';
/** What somebody has who wants to try the platform: npm, git, and sudo for the ordinary user. */
const PACKAGES = 'npm git ca-certificates sudo procps';

const MINUTES = 60_000;
/** Exit code of what was killed because its time was up: 128 + SIGKILL. */
const KILLED = 137;

/** How a script is run in a place. */
export interface ScriptOptions {
  /** The ordinary user, who may use sudo. Default: root. */
  user?: 'ann';
  /** False: loopback only. Default: true. */
  network?: boolean;
  /** Milliseconds until it is killed. */
  timeoutMs: number;
}

/** A Debian of its own. */
export interface Place {
  /** Runs a shell script in it, which prints what it likes, and gives its exit code. */
  run(script: string, options: ScriptOptions): Promise<number>;
  remove(): void;
}

/** Builds the root file system, some minutes, or finds it in the cache. Needs the network only for building. */
export async function ensureRoot(): Promise<string> {
  const folder = await cached(`first-start-${SUITE}`, { SUITE, PACKAGES }, async (beside) => {
    console.log(`building a bare Debian (${SUITE}) with npm (first run only, some minutes)`);
    const root = join(beside, 'root');
    const args = [
      '--quiet',
      '--variant=minbase',
      '--mode=root',
      `--include=${PACKAGES.replaceAll(' ', ',')}`,
      SUITE,
      root,
    ];
    await must('mmdebstrap', args, { timeoutMs: 15 * MINUTES });
    await must('chroot', [root, 'useradd', '--create-home', '--shell', '/bin/sh', 'ann']);
    await must('chroot', [
      root,
      'sh',
      '-c',
      'echo "ann ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/ann; chmod 700 /root /home/ann',
    ]);
  });
  return join(folder, 'root');
}

/** A place above `root`, in which `/checkout` is a clean clone. */
export async function makePlace(root: string, checkout: string): Promise<Place> {
  const parent = join(CACHE, 'run');
  mkdirSync(parent, { recursive: true });
  removeAbandoned(parent);
  const folder = mkdtempSync(join(parent, `first-start-${process.pid}-`));
  for (const name of ['upper', 'work', 'merged', 'checkout']) mkdirSync(join(folder, name), { mode: 0o755 });
  await must('git', ['clone', '--quiet', '--no-hardlinks', checkout, join(folder, 'checkout')]);
  const registry = (await must('npm', ['config', 'get', 'registry'])).trim();
  return {
    run: (script, { user, network = true, timeoutMs }) => {
      const unshare = ['unshare', '--mount', '--pid', '--ipc', '--fork', '--kill-child', ...(network ? [] : ['--net'])];
      const args = [...unshare, 'sh', '-euc', ENTER, 'sh', root, folder, user ?? 'root', script];
      return untilEnded('setpriv', ['--pdeathsig=KILL', ...args], timeoutMs, environment(registry));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What a run that was killed has left. */
function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const [, pid] = /^first-start-(\d+)-/.exec(name) ?? [];
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(parent, name), { recursive: true });
  }
}

/** How the registry and the mirror are reached from this machine, and nothing else of its environment. */
function environment(registry: string): NodeJS.ProcessEnv {
  const passed = ['PATH', 'http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
  return {
    ...Object.fromEntries(passed.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
    npm_config_registry: registry,
    NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt',
  };
}

async function untilEnded(program: string, args: string[], timeout: number, env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env, timeout, killSignal: 'SIGKILL' });
  const [code] = await once(child, 'exit');
  return code ?? KILLED;
}

/** $1 root, $2 folder, $3 user, $4 script. The place trusts whom this machine trusts. */
const ENTER = `
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/merged"
  cd "$2/merged"
  mount -t proc proc proc
  mount --rbind /dev dev
  mount -t tmpfs -o mode=1777 tmpfs tmp
  mkdir -p checkout && mount --bind "$2/checkout" checkout
  cp /etc/resolv.conf /etc/hosts etc/
  mount --bind /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/ca-certificates.crt
  ip link set lo up
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  if [ "$3" != root ]; then export PATH=/usr/local/bin:/usr/bin:/bin; fi
  home=$(/usr/sbin/chroot . getent passwd "$3" | cut -d: -f6)
  exec /usr/sbin/chroot . setpriv --reuid="$3" --regid="$3" --init-groups env HOME="$home" USER="$3" sh -euc "$4"`;
