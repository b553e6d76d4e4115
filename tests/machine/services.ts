// What the machine finds on its network: names, the metadata service, the vault, Blob storage, an ACME server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { issue, type Pair } from '../../lab/authority.ts';
import { type Azure, azureServices, REGION } from '../../provisioning/machine/bundle/testing/azure-stand-in.ts';
import type { Image } from './rootfs.ts';
import { type Journal, listener, type Service } from './standins/http.ts';
import { ADDRESSES, BROKER_HOST, METADATA_ADDRESS } from './world.ts';

/** Names of the test environment in Azure. */
export const VAULT_HOST = 'kv-mqtt-test-1a2b3c.vault.azure.net';
export const BLOB_HOST = 'stmqtttest1a2b3c.blob.core.windows.net';
export const FUNCTIONS_HOST = 'func-mqtt-test-1a2b3c.azurewebsites.net';
const MONITOR_HOST = `${REGION}.monitoring.azure.com`;

/** The running services. They end with this process. */
export interface Services {
  azure: Azure;
  journal: Journal;
  /** Answers for another HTTPS host from now on, such as `api.cloudflare.com`. Resolves once its name does. */
  serve(host: string, service: Service): Promise<void>;
  /** The CA whose certificates the machine trusts for its services. */
  ca: Pair;
}

const DNS_MANAGEMENT = 'http://127.0.0.1:8055';

/** Starts them in this process' network namespace. */
export async function startServices(image: Image): Promise<Services> {
  const ca = { certificate: readFileSync(image.caFile, 'utf8'), key: readFileSync(image.caKeyFile, 'utf8') };
  const journal: Journal = { requests: [], refused: [] };
  const { azure, metadata, vault, blob, monitor, functions } = azureServices();
  const hosts = new Map<string, Service>([
    [VAULT_HOST, vault],
    [BLOB_HOST, blob],
    [MONITOR_HOST, monitor],
    [FUNCTIONS_HOST, functions],
  ]);
  await startDns();
  const names = [...hosts.keys(), 'api.cloudflare.com'];
  for (const name of names) await setAddress(name, ADDRESSES.services.v4);
  await setAddress(BROKER_HOST, ADDRESSES.machine.v4);
  const { certificate: cert, key } = await issue(ca, names);
  const https = createHttpsServer(
    { cert, key },
    listener(journal, (host) => hosts.get(host)),
  );
  https.listen(443, ADDRESSES.services.v4);
  const http = createHttpServer(listener(journal, (host) => (host === METADATA_ADDRESS ? metadata : undefined)));
  http.listen(80, METADATA_ADDRESS);
  await Promise.all([once(https, 'listening'), once(http, 'listening')]);
  return {
    azure,
    journal,
    ca,
    serve: async (host, service) => {
      if (!names.includes(host)) throw new Error(`${host} is not among the names of the stand-ins' certificate`);
      hosts.set(host, service);
    },
  };
}

/** Pebble's challenge test server: a small DNS server that answers what it is told. */
async function startDns(): Promise<void> {
  const at = `${ADDRESSES.services.v4}:53,127.0.0.1:53`;
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv4', '', '-defaultIPv6', ''];
  spawn('pebble-challtestsrv', ['-management', '127.0.0.1:8055', '-dns01', at, ...off], { stdio: 'ignore' });
  await untilListening(8055, '127.0.0.1');
}

/** Names an address in the test world's DNS. */
export async function setAddress(host: string, ...addresses: string[]): Promise<void> {
  const body = JSON.stringify({ host: `${host}.`, addresses });
  const { ok, status } = await fetch(`${DNS_MANAGEMENT}/add-a`, { method: 'POST', body });
  if (!ok) throw new Error(`the DNS stand-in answered ${status} for ${host}`);
}

/** Resolves when something listens there. @throws Error after ten seconds. */
async function untilListening(port: number, host: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const socket = connect(port, host);
    const isOpen = await Promise.race([once(socket, 'connect').then(() => true), sleep(1000, false)]).catch(
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on ${host}:${port}`);
}
