// A Compose project on this host: its folder, its settings, and Docker on it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { spawnProblem } from '../spawn-problem.ts';

/** What .env must say. */
interface Settings {
  PLATFORM_HOST: string;
  BASE_IMAGE: string;
  DATA_NETWORK: string;
}

/** Where `ops render compose` writes to, unless it is told. */
export const DEFAULT_FOLDER = 'dist/compose';

/** The newest rendered release, the one in force, and the former one: links in the project's folder. */
export type ReleaseLink = 'latest' | 'current' | 'former';

/** What Docker said. */
interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

/** A folder with releases/, .env and secrets/. */
export class Project {
  readonly folder: string;

  /** @param folder default: dist/compose here. */
  constructor(folder = DEFAULT_FOLDER) {
    this.folder = resolve(folder);
  }

  /** @throws Error that says which is missing. */
  settings(): Settings {
    const file = join(this.folder, '.env');
    if (!existsSync(file)) throw new Error(`${file} is missing: npm run ops -- compose start makes it`);
    const settings = parseEnv(readFileSync(file, 'utf8')) as unknown as Settings;
    for (const name of ['PLATFORM_HOST', 'BASE_IMAGE', 'DATA_NETWORK'] as const)
      if (!settings[name]) throw new Error(`${file}: ${name} is empty; set it, then run this again`);
    if (!/^([a-z0-9-]+\.)+[a-z0-9-]+$/.test(settings.PLATFORM_HOST))
      throw new Error(
        `${file}: PLATFORM_HOST is "${settings.PLATFORM_HOST}"; it must be a DNS name such as mqtt.example.com`,
      );
    if (!/^(\d{1,3}\.){2}\d{1,3}$/.test(settings.DATA_NETWORK))
      throw new Error(
        `${file}: DATA_NETWORK is "${settings.DATA_NETWORK}"; it must be three numbers such as 172.30.83`,
      );
    return settings;
  }

  /** Id of a release; undefined when there is none. */
  release(link: ReleaseLink): string | undefined {
    const path = join(this.folder, link);
    return existsSync(path) ? readlinkSync(path).split('/').at(-1) : undefined;
  }

  /** Makes a link name a release, in one step. */
  link(name: ReleaseLink, id: string): void {
    const beside = join(this.folder, `${name}.new`);
    rmSync(beside, { force: true });
    symlinkSync(`releases/${id}`, beside);
    renameSync(beside, join(this.folder, name));
  }

  /** Runs Compose with the release in force, and shows what it says. @throws Error when it fails. */
  compose(args: string[], output?: 'quiet'): string {
    const said = this.#run(args, output);
    if (said.code !== 0)
      throw new Error(
        `docker compose ${args.join(' ')} failed (${said.code}): ${lastWords(said.stderr || said.stdout)}`,
      );
    return said.stdout;
  }

  #run(args: string[], output?: 'quiet'): Said {
    const files = ['--project-directory', this.folder, '-f', join(this.folder, 'current/compose.yaml')];
    return run([...composeWords(), '-p', 'mqtt-saas', ...files, ...args], this.folder, output);
  }
}

/** Runs `docker`. @returns what it said. @throws Error when it fails. */
export function docker(args: string[]): string {
  const said = run(['docker', ...args], undefined, 'quiet');
  if (said.code !== 0)
    throw new Error(`docker ${args[0]} failed (${said.code}): ${lastWords(said.stderr || said.stdout)}`);
  return said.stdout;
}

/** Compose is a plugin of Docker's; older Debian releases have it as a program of its own. */
function composeWords(): string[] {
  words ??=
    run(['docker', 'compose', 'version'], undefined, 'quiet').code === 0 ? ['docker', 'compose'] : ['docker-compose'];
  return words;
}
let words: string[] | undefined;

function run([program, ...args]: string[], cwd: string | undefined, output?: 'quiet'): Said {
  const { error, status, stdout, stderr } = spawnSync(program!, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', output === 'quiet' ? 'pipe' : 'inherit', output === 'quiet' ? 'pipe' : 'inherit'],
  });
  if (error) throw spawnProblem(error, `${program} was not found: install Docker Engine with its Compose plugin`);
  return { code: status ?? 1, stdout: stdout ?? '', stderr: stderr ?? '' };
}

const lastWords = (text: string) => text.trim().split('\n').slice(-3).join(' ') || 'see above';
