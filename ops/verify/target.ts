// What is verified: a broker, its CA and the database behind it, of the local platform or of a deployed stack.
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readInstance } from '../../local/instance.ts';

/** Where the checks connect to. */
export interface VerifyTarget {
  /** Name for the report. */
  name: string;
  /** Host name, or address, that the certificate must be valid for. */
  host: string;
  /** Port of MQTT over TLS. */
  port: number;
  /** PEM of the CA to trust; undefined trusts the public authorities. */
  ca: string | undefined;
  /** URL of the database, as a role that may edit the registry and read telemetry. */
  databaseUrl: string;
  /** Process id of the broker when it runs on this machine: its sockets are then looked at directly. */
  brokerPid?: number;
}

/** Stack outputs that are read; see stacks/index.ts. */
interface StackOutputs {
  brokerHost?: string;
  brokerCaCertificate?: string;
}

/**
 * Resolves `local`, `local:NAME` (a platform started with --name NAME) or the name of a deployed stack.
 * @throws Error that says what to start or to set.
 */
export function resolveTarget(name: string, env: NodeJS.ProcessEnv = process.env): VerifyTarget {
  return name === 'local' || name.startsWith('local:') ? localTarget(name) : stackTarget(name, env);
}

function localTarget(name: string): VerifyTarget {
  const instance = readInstance(name === 'local' ? undefined : name.slice('local:'.length));
  if (!instance) throw new Error(`no local platform is running as "${name}": start one with npm start`);
  return {
    name,
    host: '127.0.0.1',
    port: instance.mqttPort,
    ca: instance.ca,
    databaseUrl: instance.databaseUrl,
    brokerPid: instance.brokerPid,
  };
}

function stackTarget(name: string, env: NodeJS.ProcessEnv): VerifyTarget {
  const databaseUrl = env.DATABASE_URL;
  if (!databaseUrl) {
    throw new Error('DATABASE_URL is not set: the checks add two scratch tenants and read their rows; give them a URL');
  }
  const pulumi = spawnSync('pulumi', ['stack', 'output', '--json', '--stack', name], { encoding: 'utf8' });
  if (pulumi.error)
    throw new Error('the pulumi command was not found: install it from pulumi.com, or use --target local');
  if (pulumi.status !== 0)
    throw new Error(`pulumi could not read the outputs of stack ${name}:\n${pulumi.stderr.trim()}`);
  const outputs = JSON.parse(pulumi.stdout) as StackOutputs;
  if (!outputs.brokerHost) throw new Error(`stack ${name} has no output brokerHost: run pulumi up --stack ${name}`);
  const ca = outputs.brokerCaCertificate;
  if (ca) new X509Certificate(ca);
  return { name, host: outputs.brokerHost, port: 8883, ca, databaseUrl };
}
