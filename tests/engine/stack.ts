// A stack under the genuine Pulumi engine, in a scratch folder of its own: state, cloud, checkout and records. README.md here says
// how a scenario uses it.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from '../../bootstrap/root.mjs';
import type { Plan } from '../../preview/plan.ts';
import { preview } from '../../preview/preview.ts';
import { changeFile } from '../support/scratch-copy.ts';
import { copyCheckout, writeProgram } from './checkout.ts';
import { findCli } from './cli.ts';
import { readEvents, type Said } from './events.ts';
import { type Plugins, startPlugins } from './plugins.ts';
import { Cloud } from './standins/cloud.ts';

/** What every secret of a scenario begins with: generated ones, the token, the administrator's password. */
export const CANARY = 'canary5EcrEt';

export interface StackOptions {
  /** Its name. Default: dev. */
  stack?: string;
  /** Changes the committed file of the stack, or of `file`. Default: as it is. */
  change?: (file: string) => string;
  /** Whose file it takes. Default: the stack's own. */
  file?: string;
  /** A program of its own instead of the checkout: content by path, with Pulumi.yaml and the stack's file. */
  program?: Record<string, string>;
  /** A folder that {@link EngineStack.save} wrote: the stack begins as it was then, deployed. */
  from?: string;
  /** More of the environment, over what is there. */
  env?: Record<string, string>;
}

export interface RunOptions {
  /** The policy pack. Default: none. `true` is the checkout's own. */
  pack?: boolean | string;
  /** Content of the file for `--policy-pack-config`. */
  packConfig?: Record<string, unknown>;
  /** More arguments. */
  args?: string[];
}

/** A call of az, wrangler or npm. */
export interface Recorded {
  name: string;
  argv: string[];
  env: Record<string, string>;
}

export class EngineStack {
  /** The folder of Pulumi.yaml. */
  readonly dir: string;
  readonly stack: string;
  readonly cloud: Cloud;
  private readonly base: string;
  private running: ChildProcess | undefined;
  private readonly cli: string;
  /** Of every command from now on. */
  readonly env: NodeJS.ProcessEnv;
  private readonly plugins: Plugins;

  private constructor(
    base: string,
    stack: string,
    cloud: Cloud,
    cli: string,
    env: NodeJS.ProcessEnv,
    plugins: Plugins,
  ) {
    this.base = base;
    this.dir = join(base, 'checkout');
    this.stack = stack;
    this.cloud = cloud;
    this.cli = cli;
    this.env = env;
    this.plugins = plugins;
  }

  /** @throws NotBuilt */
  static async open(options: StackOptions = {}): Promise<EngineStack> {
    const cli = await findCli();
    const { stack = 'dev', file = stack, change = (text) => text, program, from } = options;
    const base = mkdtempSync(join(tmpdir(), 'engine-'));
    const dir = join(base, 'checkout');
    for (const name of ['checkout', 'state', 'home', 'bin']) mkdirSync(join(base, name));
    if (program) writeProgram(dir, program);
    else copyCheckout(dir);
    for (const name of ['az', 'wrangler', 'npm']) {
      symlinkSync(join(import.meta.dirname, 'fakes/fake.mjs'), join(base, 'bin', name));
    }
    const env: NodeJS.ProcessEnv = { ...environment(base, dir), ...options.env };
    const stackFile = join(dir, `Pulumi.${stack}.yaml`);
    if (from) {
      cpSync(join(from, 'state'), join(base, 'state'), { recursive: true });
      writeFileSync(stackFile, change(readFileSync(join(from, `Pulumi.${stack}.yaml`), 'utf8')));
    } else if (!program) {
      writeFileSync(stackFile, change(readFileSync(join(ROOT, `Pulumi.${file}.yaml`), 'utf8')));
    }
    const cloud = Cloud.load(join(from ?? base, 'cloud.json'));
    const plugins = await startPlugins({ cloud, env, folder: dir, canary: CANARY });
    // The one that the plugins have: what a scenario sets in it, commands of the deployment see.
    const opened = new EngineStack(base, stack, cloud, cli, Object.assign(env, plugins.env), plugins);
    if (!from) await opened.must('stack', 'init', stack);
    return opened;
  }

  /** Runs `pulumi`; what the engine said of it is empty for a command that has no event log. */
  async pulumi(...args: string[]): Promise<Said> {
    const events = join(this.base, 'events.jsonl');
    rmSync(events, { force: true });
    const isLogged = ['preview', 'up', 'refresh', 'destroy', 'import'].includes(args[0]!);
    const more = isLogged ? ['--event-log', events] : [];
    const child = spawn(this.cli, [...args, '--non-interactive', '--color', 'never', ...more], {
      cwd: this.dir,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.running = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        output += chunk;
      });
    }
    const status = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(code ?? 128));
    });
    output = stripVTControlCharacters(output + this.plugins.takeOutput());
    return { status, output, ...readEvents(events) };
  }

  /** The same; what it printed. @throws Error when it fails. */
  async must(...args: string[]): Promise<string> {
    const { status, output } = await this.pulumi(...args);
    if (status !== 0) throw new Error(`pulumi ${args.join(' ')} ended with ${status}:\n${output}`);
    return output;
  }

  preview = (options?: RunOptions) => this.run('preview', [], options);
  /** @param options `args: ['--skip-preview=false']` previews first. */
  up = (options?: RunOptions) => this.run('up', ['--yes', '--skip-preview'], options);
  refresh = (options?: RunOptions) => this.run('refresh', ['--yes', '--skip-preview'], options);
  destroy = (options?: RunOptions) => this.run('destroy', ['--yes', '--skip-preview'], options);

  private run(command: string, args: string[], { pack = false, packConfig, args: more = [] }: RunOptions = {}) {
    const folder = pack === true ? this.ownPack() : pack;
    const policies = folder ? ['--policy-pack', folder] : [];
    if (packConfig) {
      writeFileSync(this.packConfigFile, JSON.stringify(packConfig));
      policies.push('--policy-pack-config', this.packConfigFile);
    }
    return this.pulumi(command, '--stack', this.stack, ...args, ...policies, ...more);
  }

  /** The copy's, which a scenario may change; a program of its own has none. */
  private ownPack(): string {
    const copy = join(this.dir, 'policies');
    return existsSync(copy) ? copy : join(ROOT, 'policies');
  }

  /** The deployment, as `pulumi stack export` writes it. */
  exportState = async (...args: string[]) =>
    JSON.parse(await this.must('stack', 'export', '--stack', this.stack, ...args));

  /** The plan that the offline preview makes of the folder as it is now. */
  async plan(): Promise<Plan> {
    return (await preview({ stack: this.stack, root: this.dir, policyPack: false })).plan;
  }

  /** Replaces text in a file of the folder. @throws Error when the text is not there. */
  change(file: string, from: string | RegExp, to: string): void {
    changeFile(join(this.dir, file), from, to);
  }

  /** Changes the stack's file. */
  configure(change: (file: string) => string): void {
    const path = join(this.dir, `Pulumi.${this.stack}.yaml`);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  }

  /** What az, wrangler and npm were called with so far. */
  recorded(): Recorded[] {
    const file = join(this.base, 'recorded.jsonl');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    return lines.map((line) => JSON.parse(line) as Recorded);
  }

  /** The folder of the state's backend: checkpoints and history. */
  get stateFolder(): string {
    return join(this.base, 'state');
  }

  /** Where {@link RunOptions.packConfig} of the last run is. */
  get packConfigFile(): string {
    return join(this.base, 'policies.json');
  }

  /** Sends Ctrl-C once to the running command. */
  interrupt(): void {
    this.running?.kill('SIGINT');
  }

  /** Keeps the deployed stack, for {@link StackOptions.from}. */
  save(folder: string): void {
    mkdirSync(folder, { recursive: true });
    cpSync(this.stateFolder, join(folder, 'state'), { recursive: true });
    cpSync(join(this.dir, `Pulumi.${this.stack}.yaml`), join(folder, `Pulumi.${this.stack}.yaml`));
    this.cloud.save(join(folder, 'cloud.json'));
  }

  close(): void {
    this.plugins.close();
    rmSync(this.base, { recursive: true, force: true });
  }
}

/** It has no account and no stack of the person who runs it. */
function environment(base: string, dir: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([key]) => !/^(PULUMI|ARM|AZURE|CLOUDFLARE|VITEST|NODE_OPTIONS)/.test(key),
  );
  return {
    ...Object.fromEntries(own),
    PATH: [join(base, 'bin'), join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter),
    PULUMI_HOME: join(base, 'home'),
    PULUMI_BACKEND_URL: `file://${join(base, 'state')}`,
    PULUMI_CONFIG_PASSPHRASE: `${CANARY}-passphrase`,
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    // For --event-log.
    PULUMI_DEBUG_COMMANDS: 'true',
    CLOUDFLARE_API_TOKEN: `${CANARY}-cloudflare`,
    DATABASE_URL: 'postgresql://postgres@127.0.0.1:1/postgres',
    PGPASSWORD: `${CANARY}-postgres`,
    FAKES_RECORD: join(base, 'recorded.jsonl'),
    FAKES_ROOT: dir,
  };
}
