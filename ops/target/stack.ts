// A deployed stack as a target: its file gives the configuration, its outputs the addresses, DATABASE_URL the database.
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { ROOT } from '../../bootstrap/root.mjs';
import { isLoopback } from '../../domain/database-url.ts';
import { MQTT_TLS_PORT } from '../../domain/ingress.ts';
import { readProject } from '../../preview/project.ts';
import { addressOf, type DatabaseAccess } from '../../provisioning/database/connect.ts';
import { databaseKeys } from '../../stacks/configuration/keys/database.ts';
import { NAMESPACE, parseConfig } from '../../stacks/configuration/parse.ts';
import { SECRETS } from '../../stacks/tables/secrets.ts';
import { spawnProblem } from '../spawn-problem.ts';
import { assertIsOf } from './database-url.ts';
import type { Archive, Backups, StackOutputs, StackTarget } from './target.ts';

const DATABASE_KEYS = z.object(databaseKeys);

/** @param env with DATABASE_URL. @param root folder of Pulumi.yaml. */
export function stackTarget(name: string, env = process.env, root = ROOT): StackTarget {
  let known: StackOutputs | undefined;
  const outputs = () => {
    known ??= readOutputs(name);
    return known;
  };
  const config = () => parseConfig(readProject(root, name).config, name);

  /** Parses these keys only: another key may be invalid at the moment, such as an adoption whose last day has passed. */
  function whichDatabase(): z.output<typeof DATABASE_KEYS> {
    const own = Object.entries(readProject(root, name).config).filter(([key]) => key.startsWith(`${NAMESPACE}:`));
    const keys = Object.fromEntries(own.map(([key, value]) => [key.slice(NAMESPACE.length + 1), value]));
    return DATABASE_KEYS.safeParse(keys).data ?? config();
  }

  /** The configuration says which database it must be, and gives its CA. */
  function database(): DatabaseAccess {
    const url = env.DATABASE_URL;
    if (!url) {
      throw new Error(
        `DATABASE_URL is not set: set it to the administrator's connection string for the database of stack ${name}, then run this again`,
      );
    }
    const { databaseHost: host, databaseName, databaseProjectRef: projectRef, databaseCa: ca } = whichDatabase();
    const given = addressOf(url).host;
    // Through a tunnel, or at Supabase's direct address, it has another name.
    if (!isLoopback(given) && given !== `db.${projectRef}.supabase.co`) {
      assertIsOf(url, { host, database: databaseName, projectRef }, 'run this again');
    }
    return { url, ca };
  }

  return {
    kind: 'stack',
    name,
    config,
    outputs,
    database,
    broker: () => {
      const { brokerHost: host, brokerCaCertificate: ca } = outputs();
      return { target: name, host, port: MQTT_TLS_PORT, ca, renewedBy: ca ? 'deployment' : 'machine' };
    },
    backups: () => backupsOf(name, outputs(), whichDatabase().databaseCa),
    archive: () => archiveOf(name, outputs(), whichDatabase().databaseCa),
    dashboard: () => outputs().dashboardAddress,
    health: () => `https://${outputs().functionAppName}.azurewebsites.net/api/health`,
  };
}

/** Their key and the reader's password are in the vault, whose secrets this person must be able to read. */
function backupsOf(stack: string, { backupsUrl, vaultName }: StackOutputs, ca: string | undefined): Backups {
  if (!backupsUrl) throw new Error(`stack ${stack} keeps no backups: set backupRunner in its file (docs/backup.md)`);
  return {
    reader: { url: secretOf(vaultName, SECRETS.backupUrl), ca },
    store: backupsUrl,
    key: secretOf(vaultName, SECRETS.backupKey),
  };
}

function archiveOf(stack: string, { archiveUrl, vaultName }: StackOutputs, ca: string | undefined): Archive {
  if (!archiveUrl) throw new Error(`stack ${stack} has no archive: set archiveRunner in its file (docs/archive.md)`);
  return { writer: { url: secretOf(vaultName, SECRETS.archiveUrl), ca }, store: archiveUrl };
}

/** @throws Error when this person may not read it. */
function secretOf(vaultName: string, name: string): string {
  const place = ['--vault-name', vaultName, '--name', name];
  const az = spawnSync('az', ['keyvault', 'secret', 'show', ...place, '--query', 'value', '--output', 'tsv'], {
    encoding: 'utf8',
  });
  if (az.error) throw spawnProblem(az.error, 'the az command was not found: install the Azure CLI');
  if (az.status !== 0) throw new Error(`the secret ${name} of ${vaultName} cannot be read: ${az.stderr.trim()}`);
  return az.stdout.trimEnd();
}

/** Asks Pulumi. @throws Error that says what to install, or that the stack is not deployed. */
function readOutputs(stack: string): StackOutputs {
  const pulumi = spawnSync('pulumi', ['stack', 'output', '--json', '--stack', stack], { encoding: 'utf8' });
  if (pulumi.error) {
    const missing = 'the pulumi command was not found: install it from pulumi.com, or use --target local';
    throw spawnProblem(pulumi.error, missing);
  }
  if (pulumi.status !== 0)
    throw new Error(`pulumi could not read the outputs of stack ${stack}:\n${pulumi.stderr.trim()}`);
  const outputs = JSON.parse(pulumi.stdout) as StackOutputs & Record<string, unknown>;
  const { brokerHost, brokerCaCertificate, dashboardAddress, backupsUrl, archiveUrl } = outputs;
  if (!brokerHost) throw new Error(`stack ${stack} has no output brokerHost: run pulumi up --stack ${stack}`);
  if (brokerCaCertificate) new X509Certificate(brokerCaCertificate);
  // In Pulumi's outputs, a missing value is null.
  return {
    ...outputs,
    brokerCaCertificate: brokerCaCertificate ?? undefined,
    dashboardAddress: dashboardAddress ?? undefined,
    backupsUrl: backupsUrl ?? undefined,
    archiveUrl: archiveUrl ?? undefined,
  };
}
