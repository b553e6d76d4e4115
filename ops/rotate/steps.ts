// A rotation in steps. Each step checks the actual state, not what an earlier run did: an interrupted rotation continues where it
// stopped, and no step runs before the one it relies on.
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { readFormerFilters } from '../../functions/ingest/former-topics.ts';
import { ingestGeneration, ingestUsername } from '../../provisioning/broker/registry.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import {
  deleteServiceAccount,
  hasServiceAccount,
  readRegistry,
  upsertServiceAccount,
} from '../../provisioning/database/registry.ts';
import { isAccepted, removeSession, subscribe, whyNotDrained } from './broker.ts';
import type { Configured, Environment } from './environment.ts';

/** One step. */
export interface Step {
  /** The state that it brings about. */
  title: string;
  isDone(): Promise<boolean>;
  carryOut(): Promise<void>;
}

/** The direction. */
export type Goal = 'next' | 'back' | 'finish';

/** How long a waiting step may take. */
export interface Timeouts {
  brokerMs: number;
  ingestMs: number;
}

const TIMEOUTS: Timeouts = {
  // The registry is in force within seconds; after a broker start it may wait for ingest, which runs once a minute.
  brokerMs: 120_000,
  // The Function App restarts with its new settings, and its timer fires once a minute.
  ingestMs: 300_000,
};
const POLL_MS = 500;

/**
 * The steps to a goal. `next`: ingest uses the newest generation, and both are in force. `back`: it uses the older one. `finish`: only
 * the one it uses is in force.
 * @throws Error if the goal is not possible now; it names the possible one.
 */
export async function stepsTo(goal: Goal, environment: Environment, timeouts = TIMEOUTS): Promise<Step[]> {
  const { generation, inForce } = environment.configured();
  const [oldest, newest] = [Math.min(...inForce), Math.max(...inForce)];
  if (goal === 'finish') return finish(environment, generation, timeouts);
  if (goal === 'back') {
    if (inForce.length === 1) throw new Error(`only generation ${generation} is in force: there is none to go back to`);
    return switchTo(environment, oldest, inForce, timeouts);
  }
  if (generation < newest || inForce.length === 1) {
    return switchTo(environment, generation < newest ? newest : newest + 1, inForce, timeouts);
  }
  // An interrupted switch: configured, but not deployed.
  if ((await environment.whyNotUsed(newest)) !== undefined) return switchTo(environment, newest, inForce, timeouts);
  const end = `npm run ops -- rotate ingest --target ${environment.target} --finish`;
  throw new Error(`generations ${inForce.join(' and ')} are both in force: end that rotation first, with ${end}`);
}

/** Every step relies on the previous one: ingest is switched to an account only after the broker has accepted it. */
function switchTo(environment: Environment, to: number, before: number[], timeouts: Timeouts): Step[] {
  const { database, broker } = environment;
  const username = ingestUsername(to);
  const wanted = { generation: to, inForce: [...new Set([...before, to])].sort((a, b) => a - b) };
  const account = () => ({ username, purpose: 'ingest', key: environment.key(to) }) as const;
  const why = async () => environment.whyNotUsed(to);
  return [
    {
      title: `${username} is in the registry, with the key that ingest will use`,
      isDone: () => withConnection(database, (client) => hasServiceAccount(client, account())),
      carryOut: () => withConnection(database, (client) => upsertServiceAccount(client, account())),
    },
    waiting(`the broker accepts ${username}`, timeouts.brokerMs, async () =>
      // A signed-in account is accepted, and must not be disturbed.
      (await why()) === undefined || (await isAccepted(broker, account())) ? undefined : 'it is refused',
    ),
    {
      title: `ingest is configured to use generation ${to}, with ${wanted.inForce.join(' and ')} in force`,
      isDone: async () => isConfigured(environment, wanted),
      carryOut: () => environment.configure(wanted),
    },
    {
      title: `ingest signs in as ${username}`,
      isDone: async () => (await why()) === undefined,
      carryOut: async () => {
        await environment.deploy();
        await until(`ingest signs in as ${username}`, timeouts.ingestMs, why);
      },
    },
  ];
}

/** Ingest stops using the old account before it is removed. */
async function finish(environment: Environment, generation: number, timeouts: Timeouts): Promise<Step[]> {
  const { database, broker } = environment;
  const why = async () => environment.whyNotUsed(generation);
  const only = { generation, inForce: [generation] };
  const registered = await withConnection(database, readRegistry);
  const others = registered
    .flatMap((entry) => (entry.kind === 'service' ? (ingestGeneration(entry.username) ?? []) : []))
    .filter((other) => other !== generation)
    // Read now, because the deployment removes it.
    .map((other) => ({ username: ingestUsername(other), key: keptKey(environment, other) }));
  return [
    {
      title: `ingest signs in as ${ingestUsername(generation)}`,
      isDone: async () => (await why()) === undefined,
      carryOut: async () => {
        throw new Error(`${await why()}: ending the rotation now would lock ingest out. Nothing was changed.`);
      },
    },
    ...(environment.seesSessions || others.length === 0 ? [] : [queueing(environment, generation)]),
    ...others.flatMap(({ username, key }) =>
      key === undefined
        ? []
        : waiting(`nothing waits for ${username}`, timeouts.ingestMs, () => whyNotDrained(broker, { username, key })),
    ),
    {
      title: `only generation ${generation} is configured and deployed`,
      isDone: async () => others.length === 0 && isConfigured(environment, only),
      carryOut: async () => {
        await environment.configure(only);
        await environment.deploy();
      },
    },
    ...others.flatMap(({ username, key }): Step[] => [
      {
        title: `${username} is out of the registry, and its session off the broker`,
        isDone: () => withConnection(database, async (client) => !(await hasServiceAccount(client, { username }))),
        carryOut: async () => {
          if (key !== undefined) await removeSession(broker, { username, key });
          await withConnection(database, (client) => deleteServiceAccount(client, username));
        },
      },
      ...(key === undefined
        ? []
        : [
            waiting(`the broker refuses ${username}`, timeouts.brokerMs, async () =>
              (await isAccepted(broker, { username, key })) ? 'it is accepted' : undefined,
            ),
          ]),
    ]),
  ];
}

/**
 * Until ingest has run with the new account, messages are queued for the old one only. After this step, an empty old queue means that
 * the new one lacks nothing.
 */
function queueing(environment: Environment, generation: number): Step {
  const account = { username: ingestUsername(generation), key: environment.key(generation) };
  return {
    title: `messages are queued for ${account.username}`,
    isDone: async () => false,
    carryOut: async () =>
      subscribe(environment.broker, account, await withConnection(environment.database, readFormerFilters)),
  };
}

function isConfigured(environment: Environment, wanted: Configured): boolean {
  const { generation, inForce } = environment.configured();
  return isDeepStrictEqual({ generation, inForce: inForce.toSorted((a, b) => a - b) }, wanted);
}

/** Undefined if it was removed with its generation: an earlier run was interrupted after that. */
function keptKey(environment: Environment, generation: number): string | undefined {
  try {
    return environment.key(generation);
  } catch {
    return undefined;
  }
}

/** A step that only waits. @param why undefined once the state is reached. */
function waiting(title: string, timeoutMs: number, why: () => Promise<string | undefined>): Step {
  return { title, isDone: async () => (await why()) === undefined, carryOut: () => until(title, timeoutMs, why) };
}

async function until(title: string, timeoutMs: number, why: () => Promise<string | undefined>): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (let reason = await why(); reason !== undefined; reason = await why()) {
    if (Date.now() > deadline) {
      const waited = `not so within ${timeoutMs / 1000} s`;
      throw new Error(`"${title}" is ${waited}: ${reason}. See docs/runbooks/credential-rotation.md`);
    }
    await sleep(POLL_MS);
  }
}
