// A local platform: its account is a file, which the platform watches; its broker's log says who is signed in.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIngestAccount, writeIngestAccount } from '../../local/ingest-account.ts';
import { ingestUsername } from '../../provisioning/broker/registry.ts';
import type { LocalTarget } from '../target/target.ts';
import type { Environment } from './environment.ts';

/** The local platform as a rotation sees it. */
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

/** A handover signs the new account in for a moment, only to have its messages queued. Ingest uses an account that stays longer. */
const LASTING_MS = 1000;

/**
 * The last line about this user, whose name is also the session's: that a persistent session (`c0`) began, or how it ended. Each
 * line has the time and the client's port, so two sign-ins never read the same.
 */
function lastSaid(username: string, log: string): string | undefined {
  const said = new RegExp(` as ${username} \\(p5, c0|: Client ${username} (?!already)`);
  return log.split('\n').findLast((line) => said.test(line));
}
