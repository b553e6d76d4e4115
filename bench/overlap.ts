// How soon a run that finds another one at work reports it and ends, compared with the database connection that it needs for that
// (verified TLS and authentication).
import { readFileSync, rmSync } from 'node:fs';
import pg from 'pg';
import { generateKey } from '../domain/credentials.ts';
import { openDatabase } from '../functions/database/connection.ts';
import { acquireLease } from '../functions/database/lease.ts';
import { runOnce } from '../functions/ingest/run.ts';
import { createLogger } from '../functions/runtime/log.ts';
import { readIngestSettings } from '../functions/settings/ingest.ts';
import { ensureCertificates } from '../lab/certificates.ts';
import { startScratchPostgres } from '../lab/scratch-postgres.ts';
import { giveToService, makeScratchDir } from '../lab/unprivileged.ts';
import { connect } from '../provisioning/database/connect.ts';
import { setLogin } from '../provisioning/database/login.ts';
import { median, quantile } from './support/quantiles.ts';
import { timed } from './support/timed.ts';

const RUNS = 50;
const GOAL_MS = 100;

/** @param args number of runs. Default: 50. Exit code 1 when half of them take longer than the goal. */
export async function run([runs = String(RUNS)]: string[] = []): Promise<void> {
  const dir = makeScratchDir();
  const postgres = await startScratchPostgres();
  const admin = await connect(postgres.url);
  try {
    const { caFile, certificateFile, keyFile } = await ensureCertificates(dir);
    for (const file of [certificateFile, keyFile]) giveToService(file);
    await admin.query(`alter system set ssl_cert_file = ${pg.escapeLiteral(certificateFile)}`);
    await admin.query(`alter system set ssl_key_file = ${pg.escapeLiteral(keyFile)}`);
    await admin.query('alter system set ssl = on');
    await admin.query('select pg_reload_conf()');
    const key = generateKey();
    await setLogin(admin, 'mqtt_ingest', key);
    const url = new URL(postgres.url);
    Object.assign(url, { username: 'mqtt_ingest', password: key, search: '?sslmode=verify-full' });
    const settings = readIngestSettings({
      MQTT_BROKER_URL: 'mqtts://127.0.0.1:1',
      MQTT_BROKER_USERNAME: 'none',
      MQTT_BROKER_PASSWORD: 'none',
      EXTERNAL_DATABASE_CONNECTION_STRING: url.href,
      EXTERNAL_DATABASE_CA: readFileSync(caFile, 'utf8'),
      MQTT_CLIENT_ID: 'overlap',
    });
    const holder = openDatabase(settings.database);
    const lease = await acquireLease(holder, settings.clientId);
    const log = createLogger('mqtt_ingest', { level: 'silent', pretty: false });
    const [times, bare]: [number[], number[]] = [[], []];
    for (let n = 0; n < Number(runs); n++) {
      bare.push(await timed(() => justConnect(settings.database)));
      times.push(
        await timed(async () => {
          const { outcome } = await runOnce(settings, log, new AbortController().signal);
          if (outcome !== 'skipped') throw new Error(`the run ended as ${outcome}, not as skipped`);
        }),
      );
    }
    await lease?.release();
    await holder.close();
    report(times, bare);
  } finally {
    await admin.end();
    await postgres.stop();
    rmSync(dir, { recursive: true });
  }
}

async function justConnect(address: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(address);
  await client.connect();
  await client.end();
}

function report(times: number[], bare: number[]): void {
  console.log(`the first of all: ${times[0]?.toFixed(0)} ms, the connection alone ${bare[0]?.toFixed(0)} ms`);
  const middle = median(times);
  const ratio = median(times.map((time, index) => time / (bare[index] as number)));
  console.log(
    `a run that finds another at work: ${middle.toFixed(0)} ms (99 %: ${quantile(times, 0.99).toFixed(0)} ms), ` +
      `${ratio.toFixed(2)} times the connection alone; goal: at most ${GOAL_MS} ms`,
  );
  if (middle > GOAL_MS) process.exitCode = 1;
}
