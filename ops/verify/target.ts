// What is verified: a broker, its CA and its database.
import type { DatabaseAccess } from '../../provisioning/database/connect.ts';
import type { Target } from '../target/target.ts';

/** Where the checks connect. */
export interface VerifyTarget {
  /** Name in the report. */
  name: string;
  /** Host name, or address, that the certificate must be valid for. */
  host: string;
  /** Port of MQTT over TLS. */
  port: number;
  /** PEM of the CA to trust; undefined trusts the public authorities. */
  ca: string | undefined;
  /** The database, with a role that may edit the registry and read telemetry. */
  database: DatabaseAccess;
  /** Origin of a deployed dashboard. */
  dashboard?: string | undefined;
  /** Process id of the broker if it runs on this machine: its sockets are then inspected directly. */
  brokerPid?: number | undefined;
}

/** @throws Error that says what to set or install. */
export function whatToVerify(target: Target): VerifyTarget {
  const database = target.database();
  const { host, port, ca, pid: brokerPid } = target.broker();
  const dashboard = target.kind === 'stack' ? target.dashboard() : undefined;
  return { name: target.name, host, port, ca, database, dashboard, brokerPid };
}
