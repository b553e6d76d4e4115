// What people get through the proxy, over TLS: what their tenant's archive links to, and the endpoint of questions.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IMPORT } from '../../domain/request-limits.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { addDevice } from '../../provisioning/database/registry.ts';
import { must } from '../machine/process.ts';
import { mustOps } from './quick-start.ts';
import type { Rig } from './rig.ts';

const DAY_MS = 86_400_000;
const PATIENCE_MS = 90_000;

/** A day of readings whose time is over is archived by a command on the host, and linked by the container. */
export async function linked({ target }: Rig): Promise<string> {
  await mustOps(`retention --archive on --target ${target.name}`, '');
  const tenant = await retireOldDay({ target });
  await mustOps(`archive run --target ${target.name}`, '');
  const { folder } = target.project;
  // Without a backup one is due, and the archive after it.
  for (const name of readdirSync(join(folder, 'backups'))) rmSync(join(folder, 'backups', name), { recursive: true });
  target.project.compose(['restart', 'nightly'], 'quiet');
  const { name, url } = await linkOf({ target }, tenant);
  const answer = await fetch(target.dashboard() + url);
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok || !bytes.equals(readFileSync(join(folder, 'archive', name))) || `${bytes.subarray(0, 4)}` !== 'PAR1')
    throw new Error(`the link answers ${answer.status} with ${bytes.length} bytes, not the object as it is stored`);
  const wrong = await fetch(target.dashboard() + url.replace(/signature=.*/, 'signature=AAAA'));
  if (wrong.status !== 403) throw new Error(`a link with another signature answers ${wrong.status}`);
  const logs = await must('sh', ['-c', 'docker ps -q | xargs -n1 docker logs 2>&1']);
  if (logs.includes('signature=')) throw new Error('a link is in a log');
  return `${bytes.length} bytes of Parquet`;
}

/** @returns the tenant's id. */
const retireOldDay = ({ target }: Pick<Rig, 'target'>) =>
  withConnection(target.database(), async (client) => {
    const { deviceId } = await addDevice(client, { tenant: 'links', device: 'old', createTenant: true });
    const day = new Date(Date.now() - 40 * DAY_MS).toISOString().slice(0, 10);
    await client.query("set timezone = 'UTC'");
    await client.query('select ingest.make_telemetry_partition($1)', [day]);
    const { rows } = await client.query<{ tenant_id: string }>(
      `insert into public.telemetry (tenant_id, device_id, ts, message_id, received_at, payload)
       select tenant_id, id, $2::date + interval '1 hour', 'm', $2::date + interval '1 hour', '{"value": 1}' from public.devices where id = $1
       returning tenant_id`,
      [deviceId, day],
    );
    const tenant = rows[0]!.tenant_id;
    await client.query(
      `insert into public.device_status (tenant_id, device_id, last_received_at) values ($1, $2, now())
       on conflict (tenant_id, device_id) do update set last_received_at = excluded.last_received_at`,
      [tenant, deviceId],
    );
    // The worker may have done so, and inserts may hold the lock for a moment.
    for (let tries = 0; tries < 10; tries++) {
      await client.query('select ingest.retire_day()').catch(() => {});
      const { rows: left } = await client.query('select from public.telemetry where device_id = $1', [deviceId]);
      if (left.length === 0) break;
      await sleep(1000);
    }
    await client.query('insert into public.archive_requests (tenant_id, first_day, last_day) values ($1, $2, $2)', [
      tenant,
      day,
    ]);
    return tenant;
  });

async function linkOf({ target }: Pick<Rig, 'target'>, tenant: string): Promise<{ name: string; url: string }> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(500)) {
    const { rows } = await withConnection(target.database(), (client) =>
      client.query<{ name: string; url: string }>('select name, url from public.archive_links where tenant_id = $1', [
        tenant,
      ]),
    );
    if (rows[0]) return rows[0];
  }
  throw new Error(`nightly has made no link: ${target.project.compose(['logs', '--tail', '5', 'nightly'], 'quiet')}`);
}

/** The largest import of devices gets through the proxy and the API, to the database; a larger one is refused by the proxy. */
export async function imported({ target }: Rig): Promise<string> {
  const post = (bytes: number) =>
    fetch(target.dashboard() + IMPORT.path, {
      method: 'POST',
      headers: { apikey: target.secrets.read('publishable.key'), 'content-type': 'application/json' },
      body: JSON.stringify({ tenant_id: '00000000-0000-4000-8000-000000000000', devices: [] }).padEnd(bytes),
    }).then(({ status }) => status);
  const [largest, larger] = [await post(IMPORT.bodyBytes), await post(IMPORT.bodyBytes + 1)];
  // Nobody has signed in: the database says so.
  if (![401, 403].includes(largest) || larger !== 413)
    throw new Error(`the largest import answers ${largest}, a larger one ${larger}`);
  return `${IMPORT.bodyBytes} bytes`;
}

/** Off: there is none. On: the worker takes a question, and asks the API as the person, who may not ask about what is not theirs. */
export async function asked({ target }: Rig): Promise<string> {
  const site = target.dashboard();
  const apikey = target.secrets.read('publishable.key');
  const post = (path: string, body: object, token = '') =>
    fetch(site + path, {
      method: 'POST',
      headers: { apikey, 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
  const question = { kind: 'tenant', id: '00000000-0000-4000-8000-000000000000', language: 'en' };
  const state = async (token?: string) => {
    const { hasQuestions } = (await (await fetch(`${site}/api/config`)).json()) as { hasQuestions: boolean };
    return `${hasQuestions} ${(await post('/api/questions', question, token)).status}`;
  };
  const off = await state();
  const env = join(target.project.folder, '.env');
  const before = readFileSync(env, 'utf8');
  const values = { URL: 'https://model.example.test/v1', MODELS: 'small=0.15/0.60', PRICES_FROM: '2026-11-01' };
  const after = Object.entries(values).reduce(
    (text, [name, value]) => text.replace(`QUESTIONS_${name}=\n`, `QUESTIONS_${name}=${value}\n`),
    before,
  );
  writeFileSync(join(target.secrets.folder, 'questions.key'), 'a-key-of-the-provider-for-this-test\n');
  writeFileSync(env, after);
  await mustOps(`compose start --target ${target.name}`, '');
  const nobody = await state();
  const person = { email: 'asks@example.test', password: 'a long pass phrase 1' };
  const session = (await (await post('/auth/v1/signup', person)).json()) as { access_token?: string };
  const stranger = await state(session.access_token);
  writeFileSync(env, before);
  await mustOps(`compose start --target ${target.name}`, '');
  const states = `off ${off}; on ${nobody}; of a stranger ${stranger}`;
  if (!/^off false 404; on true 401; of a stranger true 40[34]$/.test(states)) throw new Error(states);
  return states;
}
