// What is verified: a broker, its CA and the database behind it, of the local platform or of a deployed stack.
import { MQTT_TLS_PORT } from '../../domain/ingress.ts';
import { readInstance } from '../../local/instance.ts';
import { stackOutputs } from '../stack-outputs.ts';

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
  /** Origin of a deployed dashboard. */
  dashboard?: string;
  /** Process id of the broker when it runs on this machine: its sockets are then looked at directly. */
  brokerPid?: number;
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
  const { brokerHost: host, brokerCaCertificate: ca, dashboardAddress: dashboard } = stackOutputs(name);
  return { name, host, port: MQTT_TLS_PORT, ca, databaseUrl, ...(dashboard && { dashboard }) };
}
