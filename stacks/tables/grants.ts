// The table of all rights in an environment.
import type { Input } from '@pulumi/pulumi';
import type { Grant } from '../../components/access.ts';
import type { BackupStore } from '../../components/backup-store.ts';
import type { BundleStore } from '../../components/bundle-store.ts';
import type { Identities } from '../../components/identities.ts';
import type { LogWorkspace } from '../../components/log-workspace.ts';
import type { MqttNamespace } from '../../components/mqtt-namespace.ts';
import type { Storage } from '../../components/storage.ts';
import type { TelemetryHub } from '../../components/telemetry-hub.ts';
import type { UndeliveredStore } from '../../components/undelivered-store.ts';
import type { Vault } from '../../components/vault.ts';
import type { StackConfig } from '../configuration/parse.ts';
import { accountPasswordSecret, controlUsernames, type Generations, ingestUsernames } from './accounts.ts';
import { notifyGenerations, notifyKeySecret, SECRETS } from './secrets.ts';

/** Every right of the platform's identities. Secrets are granted one by one: the machine cannot write to the database. */
export function grants(
  identities: Identities,
  vault: Vault,
  storage: Storage,
  bundles: BundleStore,
  logs: LogWorkspace,
  config: Generations & Pick<StackConfig, 'notifyGeneration'>,
  { backups, archive }: { backups: BackupStore | undefined; archive: BackupStore | undefined },
): Record<string, Grant> {
  const broker = identities.broker.principalId;
  const functions = identities.functions.principalId;
  const role = 'Key Vault Secrets User';
  const table: Record<string, Grant> = {
    'broker-reads-registry-url': {
      to: broker,
      role,
      on: vault.idOf(SECRETS.registryUrl),
      why: 'The machine reads who may connect through it',
    },
    'broker-reads-stamp-key': {
      to: broker,
      role,
      on: vault.idOf(SECRETS.stampKey),
      why: 'The broker stamps what devices send with it',
    },
    'broker-reads-timer-key': {
      to: broker,
      role,
      on: vault.idOf(SECRETS.timerKey),
      why: 'The machine calls timers that have stopped with it',
    },
    'broker-reads-bundles': {
      to: broker,
      role: 'Storage Blob Data Reader',
      on: bundles.containerId,
      why: 'The machine fetches its configuration from there',
    },
    'broker-writes-state': {
      to: broker,
      role: 'Storage Blob Data Contributor',
      on: storage.brokerStateId,
      why: 'The machine keeps copies of its queues and sessions there',
    },
    'functions-read-database-url': {
      to: functions,
      role,
      on: vault.idOf(SECRETS.databaseUrl),
      why: 'Ingest stores readings through it',
    },
    'functions-read-stamp-key': {
      to: functions,
      role,
      on: vault.idOf(SECRETS.stampKey),
      why: 'Ingest knows the genuine stamps by it',
    },
    'functions-read-timer-key': {
      to: functions,
      role,
      on: vault.idOf(SECRETS.timerKey),
      why: 'The timers’ twins know their caller by it',
    },
    'functions-own-host-storage': {
      to: functions,
      role: 'Storage Blob Data Owner',
      on: storage.accountId,
      why: 'The Functions host keeps its locks and keys there and reads its package',
    },
    'functions-write-log': {
      to: functions,
      role: 'Monitoring Metrics Publisher',
      on: logs.insightsId,
      why: 'What the functions log is written there',
    },
  };
  for (const username of ingestUsernames(config)) {
    const on = vault.idOf(accountPasswordSecret(username));
    table[`broker-reads-${username}-password`] = { to: broker, role, on, why: 'A new broker starts with this account' };
    table[`functions-read-${username}-password`] = { to: functions, role, on, why: 'Ingest signs in to the broker' };
  }
  // The machine needs no key of it: it learns the account's hash with the registry.
  for (const username of controlUsernames(config)) {
    const on = vault.idOf(accountPasswordSecret(username));
    const why = 'The control loop signs in to the broker';
    table[`functions-read-${username}-password`] = { to: functions, role, on, why };
  }
  for (const generation of notifyGenerations(config)) {
    const name = notifyKeySecret(generation);
    const why = 'The functions open the secrets of notification channels with it';
    table[`functions-read-${name}`] = { to: functions, role, on: vault.idOf(name), why };
  }
  if (vault.has(SECRETS.smtpPassword)) {
    const why = 'The functions sign in to the mail server';
    table['functions-read-smtp-password'] = { to: functions, role, on: vault.idOf(SECRETS.smtpPassword), why };
  }
  if (vault.has(SECRETS.questionsKey)) {
    const why = 'The functions ask the language model with it';
    table['functions-read-questions-key'] = { to: functions, role, on: vault.idOf(SECRETS.questionsKey), why };
  }
  for (const name of [SECRETS.certificate, SECRETS.key, SECRETS.ca].filter((secret) => vault.has(secret))) {
    table[`broker-reads-${name}`] = { to: broker, role, on: vault.idOf(name), why: 'The broker serves TLS with it' };
  }
  if (backups) {
    const runner = backups.identity.principalId;
    table['backup-writes-backups'] = {
      to: runner,
      role: 'Storage Blob Data Contributor',
      on: backups.containerId,
      why: 'The runner of the backups keeps them there',
    };
    for (const name of [SECRETS.backupUrl, SECRETS.backupKey]) {
      table[`backup-reads-${name}`] = {
        to: runner,
        role,
        on: vault.idOf(name),
        why: 'It reads the database, and encrypts',
      };
    }
  }
  if (archive) {
    const runner = archive.identity.principalId;
    table['archive-writes-archive'] = {
      to: runner,
      role: 'Storage Blob Data Contributor',
      on: archive.containerId,
      why: 'The runner of the archive stores readings there, and removes what was deleted',
    };
    table['archive-signs-links'] = {
      to: runner,
      // It reads nothing with it: a link allows what the runner may do with the object, and reading only.
      role: 'Storage Blob Delegator',
      on: archive.accountId,
      why: 'The runner of the archive makes the links that tenants ask for',
    };
    table[`archive-reads-${SECRETS.archiveUrl}`] = {
      to: runner,
      role,
      on: vault.idOf(SECRETS.archiveUrl),
      why: 'It reads the readings that have left their tables',
    };
  }
  if (vault.has(SECRETS.dnsToken)) {
    const on = vault.idOf(SECRETS.dnsToken);
    table['broker-reads-dns-token'] = {
      to: broker,
      role,
      on,
      why: 'The machine proves to the ACME server that the name is its own',
    };
  }
  if (vault.has(SECRETS.proToken)) {
    const on = vault.idOf(SECRETS.proToken);
    table['broker-reads-pro-token'] = { to: broker, role, on, why: 'The machine attaches itself to Ubuntu Pro' };
  }
  return table;
}

/** What a machine may do to itself: a right on the machine can only be made after it. */
export function machineGrants(
  identities: Identities,
  machine: { id: Input<string> },
  standby?: { id: Input<string> },
): Record<string, Grant> {
  const figures = (on: Input<string>): Grant => ({
    to: identities.broker.principalId,
    role: 'Monitoring Metrics Publisher',
    on,
    why: 'The machine’s figures are written there',
  });
  return {
    'broker-writes-metrics': figures(machine.id),
    ...(standby && { 'standby-writes-metrics': figures(standby.id) }),
  };
}

/** The rights of the managed profile: its broker sends and cannot read, the functions read and cannot send. */
export const managedGrants = (
  { functions }: Identities,
  { identity: mqtt }: MqttNamespace,
  hub: TelemetryHub,
  undelivered: UndeliveredStore,
): Record<string, Grant> => ({
  'mqtt-sends-to-hub': {
    to: mqtt.principalId,
    role: 'Azure Event Hubs Data Sender',
    on: hub.hubId,
    why: 'Event Grid delivers devices’ messages there',
  },
  'mqtt-keeps-undelivered': {
    to: mqtt.principalId,
    role: 'Storage Blob Data Contributor',
    // Azure looks for the role on the account when the subscription is made; one on the container is not enough.
    on: undelivered.accountId,
    why: 'Event Grid keeps there what it cannot deliver',
  },
  'functions-receive-from-hub': {
    to: functions.principalId,
    role: 'Azure Event Hubs Data Receiver',
    on: hub.hubId,
    why: 'Ingest reads devices’ messages there',
  },
});
