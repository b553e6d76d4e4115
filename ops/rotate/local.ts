// A local platform: its account is a file, which the platform watches; its broker's log shows who is signed in.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIngestAccount, writeIngestAccount } from '../../local/ingest-account.ts';
import { ingestUsername } from '../../provisioning/broker/registry.ts';
import type { LocalTarget } from '../target/target.ts';
import type { Environment } from './environment.ts';

/** The local platform as the environment of a rotation. */
export function localEnvironment(target: LocalTarget): Environment {
  const { ingestAccountFile: file, brokerLog } = target;
  const read = () => readIngestAccount(file);
  return {
    target: target.name,
    database: target.database(),
    broker: target.broker(),
    configured: read,
    key: (generation) => {
      const key = read().keys[generation];
      if (key === undefined) throw new Error(`${target.name} has no key of generation ${generation}`);
      return key;
    },
    configure: async (to) => writeIngestAccount(file, { ...read(), ...to }),
    deploy: async () => {},
    seesSessions: true,
    whyNotUsed: async (generation) => {
      const said = () => lastSaid(ingestUsername(generation), readFileSync(brokerLog, 'utf8'));
      const first = said();
      if (!first?.includes('(p5, c0')) return 'it is not signed in';
      await sleep(LASTING_MS);
      return said() === first ? undefined : 'it has only just signed in, or has signed out again';
    },
  };
}

/** A handover signs the new account in for a moment only, to queue its messages. Ingest uses an account that stays signed in. */
const LASTING_MS = 1000;

/**
 * The last log line about this user, whose name is also the session's: the start of a persistent session (`c0`), or its end. Each line
 * has the time and the client's port, so no two are equal.
 */
function lastSaid(username: string, log: string): string | undefined {
  const said = new RegExp(` as ${username} \\(p5, c0|: Client ${username} (?!already)`);
  return log.split('\n').findLast((line) => said.test(line));
}
