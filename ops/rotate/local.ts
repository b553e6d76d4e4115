// A local platform: its account is a file, which the platform watches; its broker's log says who signs in.
import { readFileSync } from 'node:fs';
import { readIngestAccount, writeIngestAccount } from '../../local/ingest-account.ts';
import { readInstance } from '../../local/instance.ts';
import { INGEST_CONNECTED, ingestUsername } from '../../provisioning/broker/registry.ts';
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
    setInForce: async (inForce) => writeIngestAccount(file, { ...read(), inForce }),
    use: async (generation) => writeIngestAccount(file, { ...read(), generation }),
    deploy: async () => {},
    whyNotUsed: (generation) => {
      const last = readFileSync(brokerLog, 'utf8')
        .trimEnd()
        .split('\n')
        .findLast((line) => INGEST_CONNECTED.test(line));
      if (last?.endsWith(`u'${ingestUsername(generation)}').`)) return undefined;
      return last === undefined ? 'it has never signed in' : `it signed in as ${/u'([^']+)'\)\.$/.exec(last)?.[1]}`;
    },
  };
}
