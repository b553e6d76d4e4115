// A rotation in steps. Each looks at what is there, not at what an earlier run did: a rotation that was interrupted goes on
// where it was, and no step can be done before the one it relies on.
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { ingestGeneration, ingestUsername } from '../../provisioning/broker/registry.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import {
  deleteServiceAccount,
  hasServiceAccount,
  readRegistry,
  upsertServiceAccount,
} from '../../provisioning/database/registry.ts';
import type { Environment } from './environment.ts';

/** One step. */
export interface Step {
  /** What is so when it is done. */
  title: string;
  isDone(): Promise<boolean>;
  carryOut(): Promise<void>;
}

/** Which way to go. */
export type Goal = 'next' | 'back' | 'finish';

/** How long a step may take that waits. */
export interface Patience {
  brokerMs: number;
  ingestMs: number;
}

const PATIENCE: Patience = {
  // The registry is in force within seconds; after a broker start it may wait for ingest, which is on a minute's timer.
  brokerMs: 120_000,
  // The Function App starts again with its new settings, and its timer fires once a minute.
  ingestMs: 300_000,
};
const POLL_MS = 500;

/**
 * The steps to a goal. `next`: ingest uses the newest generation, both are in force. `back`: it uses the older one of two.
 * `finish`: only the one it uses is in force.
 * @throws Error when the goal makes no sense now, saying which does.
 */
export async function stepsTo(goal: Goal, environment: Environment, patience = PATIENCE): Promise<Step[]> {
  const { generation, inForce } = environment.configured();
  const [oldest, newest] = [Math.min(...inForce), Math.max(...inForce)];
  const again = `npm run ops -- rotate ingest --target ${environment.target}`;
  if (goal === 'finish') return finish(environment, generation, patience);
  if (goal === 'back') {
    if (oldest === generation && inForce.length === 1) {
      throw new Error(`generation ${generation} is the only one in force: there is none to go back to`);
    }
    return switchTo(environment, oldest, inForce, patience);
  }
  if (generation === newest && inForce.length > 1) {
    if (environment.whyNotUsed(newest) !== undefined) return switchTo(environment, newest, inForce, patience);
    throw new Error(
      `generations ${inForce.join(' and ')} are both in force: end that rotation first (${again} --finish)`,
    );
  }
  return switchTo(environment, generation === newest ? newest + 1 : newest, inForce, patience);
}

/** Every step relies on the one before: what ingest is to use is first seen to be accepted. */
function switchTo(environment: Environment, to: number, before: number[], patience: Patience): Step[] {
  const username = ingestUsername(to);
  const inForce = [...new Set([...before, to])].sort((a, b) => a - b);
  const account = () => ({ username, purpose: 'ingest', key: environment.key(to) }) as const;
  return [
    {
      title: `${username} is in the registry, with the key that ingest will use`,
      isDone: () => withConnection(environment.databaseUrl, (client) => hasServiceAccount(client, account())),
      carryOut: () => withConnection(environment.databaseUrl, (client) => upsertServiceAccount(client, account())),
    },
    waiting(`the broker accepts ${username}`, patience.brokerMs, async () =>
      (await accepts(environment, to)) ? undefined : 'it is refused',
    ),
    {
      title: `generations ${inForce.join(' and ')} are configured to be in force`,
      isDone: async () => environment.configured().inForce.includes(to),
      carryOut: () => environment.setInForce(inForce),
    },
    {
      title: `ingest is configured to use generation ${to}`,
      isDone: async () => environment.configured().generation === to && environment.whyNotUsed(to) === undefined,
      carryOut: () => environment.use(to),
    },
    waiting(`ingest signs in as ${username}`, patience.ingestMs, async () => environment.whyNotUsed(to)),
  ];
}

/** The configuration before the registry: once an account goes, nobody can configure ingest to use it. */
async function finish(environment: Environment, generation: number, patience: Patience): Promise<Step[]> {
  const { databaseUrl } = environment;
  const registered = await withConnection(databaseUrl, readRegistry);
  const others = registered
    .flatMap((entry) => (entry.kind === 'service' ? (ingestGeneration(entry.username) ?? []) : []))
    .filter((other) => other !== generation);
  const used = async () => environment.whyNotUsed(generation);
  const steps: Step[] = [
    {
      title: `ingest signs in as ${ingestUsername(generation)}`,
      isDone: async () => (await used()) === undefined,
      carryOut: async () => {
        throw new Error(`${await used()}: ending the rotation now would cut ingest off. Nothing was changed.`);
      },
    },
    {
      title: `only generation ${generation} is configured to be in force`,
      isDone: async () => environment.configured().inForce.length === 1,
      carryOut: () => environment.setInForce([generation]),
    },
  ];
  for (const other of others) {
    const username = ingestUsername(other);
    const key = keptKey(environment, other);
    steps.push({
      title: `${username} is out of the registry`,
      isDone: () => withConnection(databaseUrl, async (client) => !(await hasServiceAccount(client, { username }))),
      carryOut: () => withConnection(databaseUrl, (client) => deleteServiceAccount(client, username)),
    });
    if (key === undefined) continue;
    const refused = async () => ((await accepts(environment, other, key)) ? 'it is accepted' : undefined);
    steps.push(waiting(`the broker refuses ${username}`, patience.brokerMs, refused));
  }
  if (others.length > 0) {
    steps.push({ title: 'what is configured is deployed', isDone: async () => false, carryOut: environment.deploy });
  }
  return steps;
}

/** Read before it goes with its generation; undefined when it has gone: an earlier run was interrupted. */
function keptKey(environment: Environment, generation: number): string | undefined {
  try {
    return environment.key(generation);
  } catch {
    return undefined;
  }
}

/** A step that only waits. @param why undefined when what is waited for is so. */
function waiting(title: string, patienceMs: number, why: () => Promise<string | undefined>): Step {
  return {
    title,
    isDone: async () => (await why()) === undefined,
    carryOut: async () => {
      const deadline = Date.now() + patienceMs;
      for (let reason = await why(); reason !== undefined; reason = await why()) {
        if (Date.now() > deadline) {
          throw new Error(
            `${title}: not within ${patienceMs / 1000} s; ${reason}. See docs/runbooks/credential-rotation.md`,
          );
        }
        await sleep(POLL_MS);
      }
    },
  };
}

/** Whether the broker lets this generation in. A session of its own, so that ingest's is not disturbed. */
async function accepts({ broker, key }: Environment, generation: number, password = key(generation)): Promise<boolean> {
  const { host, port, ca } = broker;
  const options = {
    username: ingestUsername(generation),
    password,
    protocolVersion: 5,
    reconnectPeriod: 0,
    ca,
  } as const;
  try {
    const client = await mqtt.connectAsync(`mqtts://${host}:${port}`, options, false);
    await client.endAsync(true);
    return true;
  } catch (error) {
    // "Not authorized", "Bad username or password": MQTT 5.0, 3.2.2.2. Anything else says nothing about the account.
    if (/not authorized|bad user/i.test((error as Error).message)) return false;
    throw new Error(`the broker at ${host}:${port} cannot be asked: ${(error as Error).message}`);
  }
}
