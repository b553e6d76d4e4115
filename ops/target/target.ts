// What a command needs to know about its platform, wherever that runs. Nothing is asked before it is needed: a command that works on
// the database does not ask Pulumi for the broker.
import type { DatabaseAccess } from '../../provisioning/database/connect.ts';
import type { StackConfig } from '../../stacks/configuration/parse.ts';
import type { Secrets } from '../compose/keys.ts';
import type { Project } from '../compose/project.ts';

/** The broker, as a client reaches it. */
export interface Broker {
  /** Its platform's name for `--target`. */
  target: string;
  /** Name, or address, that its certificate must be valid for. */
  host: string;
  /** Port of MQTT over TLS. */
  port: number;
  /** PEM of the CA to trust; undefined trusts the public authorities. */
  ca: string | undefined;
  /** File that holds the CA, if this machine has one. */
  caFile?: string;
  /** Process id of the broker if it runs on this machine. */
  pid?: number;
  /**
   * Who renews its certificate: the machine by ACME, a deployment with the private CA, the local platform when it starts, or the start of
   * a Compose project.
   */
  renewedBy: 'machine' | 'deployment' | 'start' | 'project';
}

/** Where a platform's backups lie. */
export interface Backups {
  /** The database, as the role that reads all of it. */
  reader: DatabaseAccess;
  /** Path of a folder, or address of a container. */
  store: string;
  /** `AGE-SECRET-KEY-1…`. */
  key: string;
}

/** Where a platform's archive lies. */
export interface Archive {
  /** The database, as the role that writes the archive. */
  writer: DatabaseAccess;
  /** Path of a folder, or address of a container. */
  store: string;
  /** Signs links to what lies in a folder. */
  linkKey?: string | undefined;
}

interface Platform {
  /** Its name for `--target`: `local:NAME`, or the name of a stack. */
  name: string;
  /** The database, with a role that may edit the registry. @throws Error that says what to set. */
  database(): DatabaseAccess;
  /** @throws Error that says what to install, or that the stack is not deployed. */
  broker(): Broker;
  /** @throws Error that says what to set or install, or that it has none. */
  backups(): Backups;
  /** @throws as `backups` does. */
  archive(): Archive;
  /** Origin of the dashboard, if there is one. @throws as `broker` does. */
  dashboard(): string | undefined;
  /** Address of the health page. @throws as `broker` does. */
  health(): string;
}

/** A platform on this machine. */
export interface LocalTarget extends Platform {
  kind: 'local';
  /** File with ingest's broker account. */
  ingestAccountFile: string;
  /** File with the broker's log. */
  brokerLog: string;
  /** Folder with all of its data. */
  dataFolder: string;
}

/** The stack outputs that the commands read: stacks/outputs.ts. */
export interface StackOutputs {
  brokerHost: string;
  /** PEM of the private CA; undefined if a public authority certifies the broker. */
  brokerCaCertificate: string | undefined;
  /** Own names and addresses of the broker machines; undefined if there is no standby. */
  brokerMachines: Record<'primary' | 'standby', { host: string; address: string }> | undefined;
  dashboardAddress: string | undefined;
  resourceGroup: string;
  functionAppName: string;
  vaultName: string;
  /** Address of the container for backups; undefined if the stack makes none. */
  backupsUrl: string | undefined;
  /** Address of the container for the archive; undefined if the stack makes none. */
  archiveUrl: string | undefined;
}

/** A deployed stack. */
export interface StackTarget extends Platform {
  kind: 'stack';
  /** Its checked configuration. @throws Error if there is none, or it is refused. */
  config(): StackConfig;
  /** @throws as `broker` does. */
  outputs(): StackOutputs;
}

/** A Compose project on this host. */
export interface ComposeTarget extends Platform {
  kind: 'compose';
  project: Project;
  secrets: Secrets;
}

/** The platform that a command works on. */
export type Target = LocalTarget | StackTarget | ComposeTarget;
