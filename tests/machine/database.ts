// The registry's database, as the machine meets it: over TLS, under a name, with the role that may read one view.
import { chownSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, createServer } from 'node:net';
import { join } from 'node:path';
import type { Client } from 'pg';
import { issue } from '../../lab/authority.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { SERVICE_USER } from '../../lab/unprivileged.ts';
import { connect } from '../../provisioning/database/connect.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { addDevice, type DeviceKey, upsertServiceAccount } from '../../provisioning/database/registry.ts';
import { INGEST_PASSWORD } from './environment.ts';
import { type Services, setAddress } from './services.ts';
import { ADDRESSES, DATABASE_PORT } from './world.ts';

export const DATABASE_HOST = 'db.example.test';
const AGENT_PASSWORD = 'of-the-agent-in-the-test-only';

/** Two tenants' devices and a service, to be refused and served. */
export interface Accounts {
  acme: DeviceKey;
  globex: DeviceKey;
  control: { username: string; key: string };
}

/** A running database with devices in it. */
export interface Database {
  /** A connection as the superuser. */
  client: Client;
  /** URL of the superuser on loopback of this process' network namespace. */
  url: string;
  /** What the machine connects to: a secret of its vault. */
  agentUrl: string;
  accounts: Accounts;
}

/** Starts it in this process' network namespace. */
export async function startDatabase({ ca }: Services): Promise<Database> {
  const postgres = await startScratchPostgres();
  const client = await connect(postgres.url);
  const pair = await issue(ca, [DATABASE_HOST]);
  const settings = {
    ssl_cert_file: keep(postgres.dataDir, 'server.crt', pair.certificate),
    ssl_key_file: keep(postgres.dataDir, 'server.key', pair.key),
    ssl: 'on',
  };
  for (const [name, value] of Object.entries(settings)) await client.query(`alter system set ${name} = '${value}'`);
  await client.query('select pg_reload_conf()');
  await setLogin(client, 'broker_sync', AGENT_PASSWORD);
  await expose(postgres.port);
  await setAddress(DATABASE_HOST, ADDRESSES.services.v4);
  const agentUrl = `postgresql://broker_sync:${AGENT_PASSWORD}@${DATABASE_HOST}:${DATABASE_PORT}/postgres?sslmode=verify-full`;
  return { client, url: postgres.url, agentUrl, accounts: await seed(client) };
}

async function seed(client: Client): Promise<Accounts> {
  const control = { username: 'svc-control', key: 'of-the-control-service-in-the-test' };
  await upsertServiceAccount(client, { username: 'svc-ingest', purpose: 'ingest', key: INGEST_PASSWORD });
  await upsertServiceAccount(client, { ...control, purpose: 'control' });
  return {
    acme: await addDevice(client, { tenant: 'acme', device: 'pump-1', createTenant: true }),
    globex: await addDevice(client, { tenant: 'globex', device: 'meter-1', createTenant: true }),
    control,
  };
}

/** A file that Postgres accepts as its own. */
function keep(folder: string, name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  if (SERVICE_USER) chownSync(path, SERVICE_USER.uid, SERVICE_USER.gid);
  return path;
}

/** The scratch server listens on loopback only. */
async function expose(port: number): Promise<void> {
  const server = createServer((client) => {
    const upstream = connectSocket(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(DATABASE_PORT, ADDRESSES.services.v4, resolve));
}
