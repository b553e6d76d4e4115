// A local platform: its account is a file, which the platform watches; its broker's log says who is signed in.
import { readFileSync } from 'node:fs';
import { readIngestAccount, writeIngestAccount } from '../../local/ingest-account.ts';
import { readInstance } from '../../local/instance.ts';
import { ingestUsername } from '../../provisioning/broker/registry.ts';
import type { Environment } from './environment.ts';

/** @param target `local` or `local:NAME`. @throws Error when it does not run. */
export function localEnvironment(target: string): Environment {
  const instance = readInstance(target === 'local' ? undefined : target.slice('local:'.length));
  if (!instance) throw new Error(`no local platform is running as "${target}": start one with npm start`);
  const { ingestAccountFile: file, brokerLog, databaseUrl, mqttPort: port, ca } = instance;
  const read = () => readIngestAccount(file);
  return {
    target,
    databaseUrl,
    broker: { host: '127.0.0.1', port, ca },
    configured: read,
    key: (generation) => {
      const key = read().keys[generation];
      if (key === undefined) throw new Error(`local platform "${target}" has no key of generation ${generation}`);
      return key;
    },
    configure: async (to) => writeIngestAccount(file, { ...read(), ...to }),
    deploy: async () => {},
    seesSessions: true,
    whyNotUsed: (generation) =>
      isSignedIn(ingestUsername(generation), readFileSync(brokerLog, 'utf8')) ? undefined : 'it is not signed in',
  };
}

/** Whether what the log says last of this user, whose name is the session's too, is that a persistent session began. */
function isSignedIn(username: string, log: string): boolean {
  const said = new RegExp(` as ${username} \\(p5, c0|: Client ${username} (?!already)`);
  return (
    log
      .split('\n')
      .findLast((line) => said.test(line))
      ?.includes('(p5, c0') ?? false
  );
}
