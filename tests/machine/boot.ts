// Boots the image under systemd-nspawn and keeps hold of the machine: commands on it, reboot, power cut, replacement.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { must, type Result, type RunOptions, run } from './process.ts';
import type { Image } from './rootfs.ts';
import { ADDRESSES } from './world.ts';

/** What one machine is made of. */
export interface MachineArgs {
  image: Image;
  /** Block device of the data disk. Default: there is none. */
  disk?: string;
  userData: string;
  /** The administrator's public key, as Azure hands it to the image. */
  sshPublicKey: string;
  /** A tmpfs for what it writes. */
  folder: string;
  /** Control group to put it in; a fresh one. */
  group: string;
}

const ADMIN = 'azureuser';
const ENVIRONMENT = [
  'env',
  '-i',
  'HOME=/root',
  'LANG=C.UTF-8',
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
];
/** Lynis, like a person, tells by the name that security updates are among the sources. */
const REPOSITORY = '/srv/stable-security';
const BOOT_MS = 180_000;

/** A machine that was booted. */
export class BootedMachine {
  readonly #args: MachineArgs;
  #nspawn: ChildProcess | undefined;
  /** Its first process. */
  leader = 0;
  /** How many machines, one after another, had this disk. */
  generation = 0;

  constructor(args: MachineArgs) {
    this.#args = args;
  }

  /** Where this generation's files are. */
  get #folder(): string {
    return join(this.#args.folder, `machine-${this.generation}`);
  }

  /** Lays a new machine's system disk out and starts it. Does not wait for its first boot to end. */
  async create(): Promise<void> {
    this.generation += 1;
    const { userData, sshPublicKey } = this.#args;
    const folder = this.#folder;
    await this.#mountRoot();
    const files: Record<string, string> = {
      'etc/apt/sources.list': `deb [trusted=yes] file:${REPOSITORY} ./\n`,
      'etc/resolv.conf': `nameserver ${ADDRESSES.services.v4}\n`,
      'etc/cloud/cloud.cfg.d/95-test.cfg': cloudDefaults(),
      'var/lib/cloud/seed/nocloud/user-data': userData,
      'var/lib/cloud/seed/nocloud/meta-data': JSON.stringify({
        'instance-id': `test-${this.generation}`,
        'local-hostname': 'vm-mqtt-test',
        'public-keys': [sshPublicKey],
      }),
    };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, 'root', name)), { recursive: true });
      writeFileSync(join(folder, 'root', name), text);
    }
    // Azure keeps what it passes to the machine, whatever becomes of the machine's power.
    await must('sync', ['--file-system', folder]);
    await this.start();
  }

  /** Starts a machine whose system disk is where this one's files are: another one left it. Does not wait for its boot. */
  async adopt(): Promise<void> {
    this.generation += 1;
    await this.#mountRoot();
    await this.start();
  }

  async #mountRoot(): Promise<void> {
    const folder = this.#folder;
    for (const name of ['upper', 'work', 'root']) mkdirSync(join(folder, name), { recursive: true });
    const options = `lowerdir=${this.#args.image.root},upperdir=${folder}/upper,workdir=${folder}/work`;
    await must('mount', ['-t', 'overlay', 'overlay', '-o', options, `${folder}/root`]);
  }

  /** Switches it on. */
  async start(): Promise<void> {
    const { image, disk, group } = this.#args;
    const place = `/sys/fs/cgroup/${group}`;
    mkdirSync(place, { recursive: true });
    const nspawn = [
      'systemd-nspawn',
      `--directory=${this.#folder}/root`,
      '--boot',
      // There may be no systemd on this host to register with.
      '--register=no',
      '--keep-unit',
      '--network-namespace-path=/run/netns/machine',
      '--resolv-conf=off',
      '--timezone=off',
      '--link-journal=no',
      '--console=pipe',
      // Its firewall; IPAddressAllow= and IPAddressDeny= of units.
      '--capability=CAP_BPF,CAP_NET_ADMIN',
      '--system-call-filter=bpf',
      ...(disk ? [`--bind=${disk}:/dev/disk/azure/scsi1/lun0`] : []),
      `--bind-ro=${image.packages}:${REPOSITORY}`,
    ];
    const console = openSync(join(this.#args.folder, 'console.log'), 'a');
    const script = 'echo 0 >"$0/cgroup.procs" && exec "$@"';
    this.#nspawn = spawn('sh', ['-c', script, place, ...nspawn], {
      stdio: ['ignore', console, console],
      // Its own network's settings, and of the kernel's nothing else.
      env: { ...process.env, SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network' },
    });
    await this.#findLeader();
  }

  /** Runs a command on it as root. */
  readonly exec = (command: string, options?: RunOptions): Promise<Result> =>
    run('nsenter', ['-t', String(this.leader), '-a', ...ENVIRONMENT, 'sh', '-c', command], options);

  /** Waits until cloud-init has ended and systemd has nothing more to start. */
  async waitUntilBooted(): Promise<void> {
    const end = Date.now() + BOOT_MS;
    while (Date.now() < end) {
      const { stdout } = await this.exec('cloud-init status --wait >/dev/null; systemctl is-system-running', {
        timeoutMs: BOOT_MS,
      });
      if (/^(running|degraded)$/m.test(stdout)) return;
      await sleep(250);
    }
    throw new Error(`the machine is not up after ${BOOT_MS / 1000} s; its console:\n${this.consoleTail()}`);
  }

  /** Restarts it in order. */
  async reboot(): Promise<void> {
    // With --keep-unit, nspawn ends and leaves the next boot to its caller.
    const gone = once(this.#nspawn as ChildProcess, 'exit');
    await this.exec('systemctl reboot');
    await gone;
    await this.start();
    await this.waitUntilBooted();
  }

  /** Stops it in order: every service has its time. */
  async powerOff(): Promise<void> {
    const gone = once(this.#nspawn as ChildProcess, 'exit');
    await this.exec('systemctl poweroff');
    await gone;
  }

  /** Everything on it ends at once, without a warning; what the kernel has still to write to the disk is written. */
  async kill(): Promise<void> {
    const gone = once(this.#nspawn as ChildProcess, 'exit');
    process.kill(this.leader, 'SIGKILL');
    await gone;
  }

  /** Throws the machine away, but not its data disk, and boots a new one. */
  async replace(): Promise<void> {
    await this.powerOff();
    await this.create();
    await this.waitUntilBooted();
  }

  consoleTail(): string {
    return readFileSync(join(this.#args.folder, 'console.log'), 'utf8').split('\n').slice(-25).join('\n');
  }

  /** The container's first process is the child of nspawn. */
  async #findLeader(): Promise<void> {
    const { pid } = this.#nspawn as ChildProcess;
    for (let attempt = 0; attempt < 600; attempt += 1) {
      if (this.#nspawn?.exitCode !== null) throw new Error(`systemd-nspawn ended:\n${this.consoleTail()}`);
      const found = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
      const isInit = found && readFileSync(`/proc/${found}/comm`, 'utf8').trim() === 'systemd';
      if (isInit) {
        this.leader = found;
        return;
      }
      await sleep(100);
    }
    throw new Error(`the machine did not start:\n${this.consoleTail()}`);
  }
}

/**
 * What Azure's image and data source decide, said in the way of this image. A line a key: the script that looks for data
 * sources before Python runs reads only that.
 */
function cloudDefaults(): string {
  const settings = {
    datasource_list: ['NoCloud'],
    // The namespace comes with its addresses.
    network: { config: 'disabled' },
    apt: { preserve_sources_list: true },
    locale: 'C.UTF-8',
    system_info: {
      default_user: { name: ADMIN, lock_passwd: true, shell: '/bin/bash', sudo: ['ALL=(ALL) NOPASSWD:ALL'] },
    },
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('');
}
