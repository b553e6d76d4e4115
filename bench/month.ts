// How long the chart of a month takes, of a device with a reading a second: as a tenant's owner asks the database for it.
import pino from 'pino';
import { generateKey } from '../domain/credentials.ts';
import { openDatabase } from '../functions/database/connection.ts';
import { rollUp } from '../functions/rollup/roll-up.ts';
import { readPeriodicSettings } from '../functions/settings/periodic.ts';
import { roleUrl } from '../lab/postgres.ts';
import { setLogin } from '../provisioning/database/login.ts';
import { startTestDatabase } from '../provisioning/database/testing/database.ts';
import { makePerson } from '../provisioning/database/testing/world.ts';

const DAYS = 30;
const BOUND_MS = 1000;
const TIMES = 5;

/** Prints the share of a second; fails above it. */
export async function run(): Promise<void> {
  const database = await startTestDatabase();
  const key = generateKey();
  await setLogin(database.admin, 'mqtt_ingest', key);
  const EXTERNAL_DATABASE_CONNECTION_STRING = roleUrl(database.postgres.url, 'mqtt_ingest', key);
  const job = openDatabase(readPeriodicSettings({ EXTERNAL_DATABASE_CONNECTION_STRING }).database);
  try {
    const { admin } = database;
    const owner = await makePerson(admin, 'ann@acme.example');
    const { rows } = await admin.query<{ tenant: string; device: string }>(
      `with tenant as (insert into public.tenants (slug, name) values ('acme', 'Acme') returning id),
         member as (insert into public.memberships (tenant_id, user_id, email, role) select id, $1, $2, 'owner' from tenant)
       insert into public.devices (tenant_id, slug, name, created_at) select id, 'd', 'd', now() - interval '60 days' from tenant
       returning tenant_id as tenant, id as device`,
      [owner.sub, owner.email],
    );
    const { tenant, device } = rows[0]!;
    for (let ago = DAYS; ago >= 0; ago--) {
      await admin.query(`select ingest.make_telemetry_partition(current_date - ${ago})`);
      // As ingest does, each day's readings and the note of them.
      await admin.query(
        `with stored as (
           insert into public.telemetry (tenant_id, device_id, ts, received_at, message_id, payload)
           select $1, $2, ts, ts, 'm' || extract(epoch from ts),
             jsonb_build_object('temperature', 20 + 5 * sin(extract(epoch from ts)::float8 / 7200), 'humidity', 55)
           from generate_series(greatest(now() - interval '${DAYS} days', current_date - ${ago}),
             least(now(), current_date - ${ago} + interval '1 day' - interval '1 ms'), interval '1 second') as ts
           returning ts)
         select ingest.note_devices(array[$1::uuid], array[$2::uuid], array[max(ts)], '{1}'::real[], '{0}'::real[], array[max(ts)],
           array['{"temperature": [20, 0, 0]}'::jsonb],
           array[tstzmultirange(tstzrange(date_trunc('minute', min(ts)), date_trunc('minute', max(ts)) + interval '1 minute'))])
         from stored having count(*) > 0`,
        [tenant, device],
      );
      const turn = () => rollUp(job, pino({ level: 'silent' }), () => 60_000);
      do await turn();
      while ((await admin.query('select from ingest.rollup_work')).rowCount !== 0);
    }
    await admin.query('vacuum analyze');
    const { rows: count } = await admin.query('select count(*) as n from public.telemetry');
    for (const [what, points] of [
      ['the chart', 300],
      ['the chart with every hour', DAYS * 24],
    ] as const) {
      let longest = 0;
      let buckets = 0;
      for (let n = 0; n < TIMES; n++) {
        const begun = performance.now();
        const chart = await database.asUser(
          owner,
          `select * from public.device_chart($1, 'temperature', now() - interval '${DAYS} days', now(), $2)`,
          [device, points],
        );
        longest = Math.max(longest, performance.now() - begun);
        buckets = chart.rows.length;
      }
      const share = longest / BOUND_MS;
      console.log(
        `${what} of ${DAYS} days (${count[0].n} readings, ${buckets} points), longest of ${TIMES}: ${share.toFixed(3)} of its bound`,
      );
      if (share > 1) process.exitCode = 1;
    }
  } finally {
    await job.close();
    await database.stop();
  }
}
