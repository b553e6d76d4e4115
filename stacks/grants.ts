// Who may do what in an environment: the whole table.
import type { Grant } from '../components/access.ts';
import type { Identities } from '../components/identities.ts';
import type { Storage } from '../components/storage.ts';
import type { Vault } from '../components/vault.ts';
import { SECRETS } from './secrets.ts';

/** Every right the platform's identities have. Secrets are granted one by one: the machine cannot read the database's. */
export function grants(identities: Identities, vault: Vault, storage: Storage): Record<string, Grant> {
  const broker = identities.broker.principalId;
  const functions = identities.functions.principalId;
  const role = 'Key Vault Secrets User';
  const table: Record<string, Grant> = {
    'broker-reads-ingest-password': {
      to: broker,
      role,
      on: vault.idOf(SECRETS.ingestPassword),
      why: 'The broker checks the ingest session against it',
    },
    'functions-read-ingest-password': {
      to: functions,
      role,
      on: vault.idOf(SECRETS.ingestPassword),
      why: 'Ingest signs in to the broker with it',
    },
    'functions-read-database-url': {
      to: functions,
      role,
      on: vault.idOf(SECRETS.databaseUrl),
      why: 'Ingest stores readings through it',
    },
    'functions-own-host-storage': {
      to: functions,
      role: 'Storage Blob Data Owner',
      on: storage.accountId,
      why: 'The Functions host keeps its locks and keys there and reads its package',
    },
  };
  for (const name of [SECRETS.certificate, SECRETS.key, SECRETS.ca].filter((secret) => vault.has(secret))) {
    table[`broker-reads-${name}`] = { to: broker, role, on: vault.idOf(name), why: 'The broker serves TLS with it' };
  }
  return table;
}
