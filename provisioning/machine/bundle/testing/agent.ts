// The registry's agent in a laboratory: between its database and its broker, with the bundle's scripts where the broker's user can
// read them. A test decides what dies when.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, stopChild } from '../../../../lab/child.ts';
import { type Lab, type LabOptions, startLab } from '../../../../lab/lab.ts';
import { giveToService, makeServiceDir, SERVICE_USER } from '../../../../lab/unprivileged.ts';
import { writePrograms } from './programs.ts';

/** The system's Python, which has Debian's psycopg2. */
export const PYTHON = '/usr/bin/python3';
/** False where python3-psycopg2 is not installed; the agent cannot run there. */
export const HAS_PSYCOPG2 = spawnSync(PYTHON, ['-c', 'import psycopg2']).status === 0;

/** A laboratory with the agent. */
export interface AgentLab extends Lab {
  /** Folder of the registry file. */
  accounts: string;
  /** Folder that stands for /run/mqtt-saas. */
  secrets: string;
  startAgent(): void;
  stopAgent(): Promise<void>;
  /** What the agent has said. */
  said(): string;
  /** Where the agent leaves its figures. */
  metricsFile: string;
  /** A metric's value, without its prefix. */
  metric(name: string): number | undefined;
  /** Runs a script of the bundle. */
  script(name: string, ...args: string[]): { status: number | null; output: string };
  /** Runs reload-broker. */
  reload(): { status: number | null; output: string };
  /** How often the broker was signalled to read its files again, over all its starts. */
  reloads(): number;
  /** How often a registry has come into force, over all the broker's starts. */
  registries(): number;
}

/** Starts the laboratory; the agent only with `startAgent()`. */
export async function startAgentLab(options?: LabOptions): Promise<AgentLab> {
  const lab = await startLab(options);
  const { dir, startBroker, stop } = lab;
  writePrograms(join(dir, 'bundle'));
  const secrets = makeServiceDir(join(dir, 'secrets'));
  const state = makeServiceDir(join(dir, 'run'));
  const accounts = join(dir, 'broker');
  const metricsFile = join(state, 'registry-sync.prom');
  writeFileSync(join(secrets, 'registry.url'), `${await lab.login('broker_sync')}\n`, { mode: 0o600 });
  giveToService(join(secrets, 'registry.url'));
  const processes = join(dir, 'processes');
  const showBroker = () => {
    writeFileSync(processes, `1\n${lab.broker.pid}\n`);
    chmodSync(lab.broker.logFile, 0o644);
  };
  showBroker();
  const { logFile } = lab.broker;
  const pathOf = (name: string) => join(dir, 'bundle/bin', name);
  let agent: ChildProcess | undefined;
  let said = '';
  const script: AgentLab['script'] = (name, ...args) => {
    const { status, stdout, stderr } = spawnSync(PYTHON, ['-B', pathOf(name), ...args], { encoding: 'utf8' });
    return { status, output: stdout + stderr };
  };
  const stopAgent = async () => {
    if (agent) await stopChild(agent);
  };
  return Object.assign(lab, {
    accounts,
    secrets,
    metricsFile,
    script,
    stopAgent,
    said: () => said,
    metric: (name: string) => {
      const lines = existsSync(metricsFile) ? readFileSync(metricsFile, 'utf8').split('\n') : [];
      const found = lines.find((text) => text.startsWith(`mqtt_saas_registry_${name} `));
      return found === undefined ? undefined : Number(found.split(' ')[1]);
    },
    startAgent: () => {
      const words = ['-B', pathOf('registry-sync.py'), '--accounts', accounts, '--secrets', secrets];
      words.push('--metrics', metricsFile);
      agent = startChild(PYTHON, words, { stdio: ['ignore', 'ignore', 'pipe'], user: SERVICE_USER });
      agent.stderr!.on('data', (data) => (said += data));
    },
    startBroker: async (configure?: (text: string) => string) => {
      await startBroker(configure);
      showBroker();
    },
    reload: () => script('reload-broker', '--processes', processes),
    reloads: () => readFileSync(logFile, 'utf8').split('Reloading config.').length - 1,
    registries: () => readFileSync(logFile, 'utf8').split('accounts are in force').length - 1,
    stop: async () => {
      await stopAgent();
      await stop();
    },
  });
}

/** Permission bits of a file. */
export const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);
