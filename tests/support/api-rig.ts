// A scratch database behind the local front door: the API as the dashboard has it, without broker and ingest.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { generateKey } from '../../domain/credentials.ts';
import { ensureCertificates } from '../../lab/certificates.ts';
import { freePort } from '../../lab/ports.ts';
import { roleUrl } from '../../lab/postgres.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { API_ROLE, makeApiRole, makeAuthTables } from '../../local/api-role.ts';
import { type FrontDoor, startFrontDoor } from '../../local/front-door.ts';
import { applyMigrations } from '../../provisioning/database/apply.ts';
import { withConnection } from '../../provisioning/database/connect.ts';

/** A running API. */
export interface ApiRig {
  /** Of the database's superuser. */
  databaseUrl: string;
  frontDoor: FrontDoor;
  publishableKey: string;
  /** Another front door of the same API, whose answers have at most this number of rows; stops with the rig. */
  openFrontDoor(maxRows: number): Promise<FrontDoor>;
  /** A client without a session. */
  client(): SupabaseClient;
  /** A client with a session of a new account. */
  signUp(email: string): Promise<{ api: SupabaseClient; userId: string }>;
  stop(): Promise<void>;
}

/** Starts it. There is no site: every page is a 404. */
export async function startApiRig(): Promise<ApiRig> {
  const dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-api-'));
  const postgres = await startScratchPostgres({ migrate: false });
  const password = generateKey();
  const publishableKey = `sb_publishable_${generateKey()}`;
  await withConnection(postgres.url, makeAuthTables);
  await applyMigrations(postgres.url);
  await withConnection(postgres.url, (client) => makeApiRole(client, password));
  const { caFile } = await ensureCertificates(dir);
  const settings = {
    siteDir: join(dir, 'no-site'),
    databaseUrl: roleUrl(postgres.url, API_ROLE, password),
    jwtSecret: generateKey(),
    publishableKey,
    broker: { host: '127.0.0.1', port: 8883, caFile },
    logFile: join(dir, 'front-door.log'),
  };
  const frontDoors: FrontDoor[] = [];
  const openFrontDoor = async (maxRows?: number) => {
    const opened = await startFrontDoor({ ...settings, port: await freePort(), ...(maxRows && { maxRows }) });
    frontDoors.push(opened);
    return opened;
  };
  const frontDoor = await openFrontDoor();
  const client = () =>
    createClient(frontDoor.url, publishableKey, { auth: { persistSession: false, autoRefreshToken: false } });
  return {
    databaseUrl: postgres.url,
    frontDoor,
    publishableKey,
    openFrontDoor,
    client,
    signUp: async (email) => {
      const api = client();
      const { data, error } = await api.auth.signUp({ email, password: generateKey() });
      if (error || !data.user) throw new Error(`no account for ${email}: ${error?.message}`);
      return { api, userId: data.user.id };
    },
    stop: async () => {
      for (const opened of frontDoors) await opened.stop();
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
