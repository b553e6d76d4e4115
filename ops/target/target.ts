// What a command needs to know of the platform it works on, wherever that runs. Nothing is asked before it is needed: a
// command that works on the database does not ask Pulumi for the broker.
import type { DatabaseAccess } from '../../provisioning/database/connect.ts';
import type { StackConfig } from '../../stacks/configuration/parse.ts';

/** The broker, as a client reaches it. */
export interface Broker {
  /** What `--target` calls its platform. */
  target: string;
  /** Name, or address, that its certificate must be valid for. */
  host: string;
  /** Port of MQTT over TLS. */
  port: number;
  /** PEM of the CA to trust; undefined trusts the public authorities. */
  ca: string | undefined;
  /** File that holds the CA, where this machine has one. */
  caFile?: string;
  /** Process id of the broker when it runs on this machine. */
  pid?: number;
  /** Who renews its certificate: the machine by ACME, a deployment by the private CA, or the local platform when it starts. */
  renewedBy: 'machine' | 'deployment' | 'start';
}

interface Platform {
  /** What `--target` calls it: `local:NAME`, or the name of a stack. */
  name: string;
  /** The database, as a role that may edit the registry. @throws Error that says what to set. */
  database(): DatabaseAccess;
  /** @throws Error that says what to install, or that the stack is not deployed. */
  broker(): Broker;
  /** Origin of the dashboard, where there is one. @throws as `broker` does. */
  dashboard(): string | undefined;
}

/** A platform on this machine. */
export interface LocalTarget extends Platform {
  kind: 'local';
  /** File with ingest's broker account. */
  ingestAccountFile: string;
  /** File with the broker's log. */
  brokerLog: string;
}

/** What the commands read of a stack's outputs: stacks/outputs.ts. */
export interface StackOutputs {
  brokerHost: string;
  /** PEM of the private CA; undefined when a public authority certifies the broker. */
  brokerCaCertificate: string | undefined;
  dashboardAddress: string | undefined;
  resourceGroup: string;
  functionAppName: string;
  vaultName: string;
}

/** A deployed stack. */
export interface StackTarget extends Platform {
  kind: 'stack';
  /** Its checked configuration. @throws Error when there is none, or it is refused. */
  config(): StackConfig;
  /** @throws as `broker` does. */
  outputs(): StackOutputs;
}

/** Where a command works. */
export type Target = LocalTarget | StackTarget;
