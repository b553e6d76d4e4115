// Renders a server's nats-server.conf from its template. Pure: same options, same text.
import { readFileSync } from 'node:fs';
import { PARTITION_PREFIX, PARTITIONS, TO_DEVICES } from '../../domain/cluster.ts';
import { MAX_PAYLOAD_BYTES } from '../../domain/messages-limits.ts';
import type { PublicKeys } from './keys.ts';

/** What differs between one server and another. Paths must be absolute. */
export interface ServerOptions {
  /** The server's name: a slug. Its files belong to it. */
  name: string;
  /** The cluster's name: a slug. */
  cluster: string;
  /** Address to listen on. */
  host: string;
  /** TCP ports of devices, of ingest and services, and of the other servers. */
  mqttPort: number;
  clientPort: number;
  routePort: number;
  /** `host:port` of each server's routes, itself included. As many copies are kept as there are servers, three at most. */
  routes: readonly string[];
  /** PEM files of the listener for devices: chain and key. */
  certificateFile: string;
  keyFile: string;
  /** PEM files for the other servers and for services, of an authority of the cluster's own: a server is the others' client, too. */
  peerCertificateFile: string;
  peerKeyFile: string;
  peerCaFile: string;
  /** Folder for what is kept. */
  storeDir: string;
  /** Most bytes there. */
  maxFileStore: number;
  keys: PublicKeys;
}

/** Room for NATS' header beside the payload, and for a payload a little too large: ingest makes a dead letter of it. */
const HEADER_BYTES = 1_024;
/** More copies make each message slower and no loss likelier to be survived by three servers. */
const MOST_COPIES = 3;

const template = readFileSync(new URL('./nats-server.tmpl.conf', import.meta.url), 'utf8');

/** The text of the file. @throws Error naming the option that would break or change its meaning. */
export function renderServerConfig({ routes, keys, ...options }: ServerOptions): string {
  const values: Record<string, string | number> = {
    ...options,
    ...keys,
    routes: routes.map((route) => `"tls://${plain('routes', route)}"`).join(','),
    replicas: Math.min(routes.length, MOST_COPIES),
    maxMessageBytes: MAX_PAYLOAD_BYTES + HEADER_BYTES,
    partitionPrefix: PARTITION_PREFIX,
    partitions: PARTITIONS,
    toDevices: TO_DEVICES,
  };
  return template.replace(/\$\{(\w+)\}/g, (_, name: string) =>
    name === 'routes' ? String(values.routes) : plain(name, String(values[name] ?? '')),
  );
}

/** Nothing that ends a word or a quoted text of the file. */
function plain(name: string, value: string): string {
  if (!/^[\w./:@-]+$/.test(value)) {
    throw new Error(
      `nats-server.conf: ${name} is ${JSON.stringify(value)}; use letters, digits and the characters . / : @ _ -`,
    );
  }
  return value;
}
