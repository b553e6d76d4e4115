// The runbooks on the running project, with their steps made to fail.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { containers, untilHealthy } from '../../ops/compose/health.ts';
import { SERVICE_NAMES } from '../../provisioning/compose/project.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { must } from '../machine/process.ts';
import { mustOps, ops } from './quick-start.ts';
import type { Rig } from './rig.ts';

const on = ({ target }: Rig) => `--target ${target.name}`;

export async function statusTold(rig: Rig): Promise<undefined> {
  const { stdout } = await ops(`compose status ${on(rig)}`, '');
  if (/^BAD (?! disk)/m.test(stdout) || !/^ok {3}platform/m.test(stdout)) throw new Error(`not well: ${stdout}`);
  rig.target.project.compose(['stop', 'worker'], 'quiet');
  const down = await ops(`compose status ${on(rig)}`, '');
  rig.target.project.compose(['start', 'worker'], 'quiet');
  await untilHealthy(SERVICE_NAMES);
  if (down.code !== 1 || !/^BAD {2}worker/m.test(down.stdout))
    throw new Error(`a stopped worker is not told: ${down.stdout}`);
  const logs = await mustOps(`compose logs worker --lines 5 ${on(rig)}`, '');
  if (!logs.stdout.includes('mqtt_ingest')) throw new Error('logs shows nothing of the worker');
  const nightly = await mustOps(`compose logs nightly ${on(rig)}`, '');
  if (!nightly.stdout.includes('read back whole')) throw new Error(`nightly has made no backup: ${nightly.stdout}`);
}

/** Tenants named as marks: what was there at the backup, and what came after. */
const marks = async ({ target }: Rig) =>
  withConnection(target.database(), async (client) => {
    const { rows } = await client.query<{ slug: string }>(
      "select slug from public.tenants where slug like 'mark-%' order by 1",
    );
    return rows.map(({ slug }) => slug).join();
  });
const addMark = async ({ target }: Rig, slug: string) =>
  withConnection(target.database(), (client) =>
    client.query('insert into public.tenants (slug, name) values ($1, $1)', [slug]),
  );

/** A call that fails once, and whether the data is the new one (of after the backup) or the old one then. */
const RESTORE_STEPS: [pattern: string, then: 'new' | 'old'][] = [
  ['^pg_restore .*/dev/null', 'new'],
  ['^pg_dump .*--format=custom', 'new'],
  ['^docker(-compose)? .*stop api worker', 'new'],
  ['^pg_restore --list', 'new'],
  ['^psql .*ON_ERROR_STOP', 'new'],
  ['^pg_restore --file=- --no-owner', 'new'],
  ['^docker(-compose)? .*start api worker', 'old'],
];

export async function restored(rig: Rig): Promise<string> {
  const data = { old: 'mark-old', new: 'mark-new,mark-old' };
  await addMark(rig, 'mark-old');
  await mustOps(`backup run ${on(rig)}`, '');
  const [backup] = /backup-\w+/.exec((await mustOps(`backup list ${on(rig)}`, '')).stdout) ?? [];
  const restore = `restore ${backup} --confirm ${rig.target.name} ${on(rig)}`;
  const failed: string[] = [];
  for (const [pattern, then] of RESTORE_STEPS) {
    if ((await marks(rig)) === data.old) await addMark(rig, 'mark-new');
    rig.failing.next(pattern);
    // A backup of what is there is one of the steps; the others need none.
    const { code } = await ops(pattern.startsWith('^pg_dump') ? restore : `${restore} --without-backup`, '');
    if (!rig.failing.happened()) throw new Error(`no call was ${pattern}: the steps are others now`);
    failed.push(pattern);
    if (code === 0 && then === 'new') throw new Error(`${pattern} failed, and restore says that all is well`);
    await untilHealthy(SERVICE_NAMES);
    const found = await marks(rig);
    if (found !== data[then]) throw new Error(`${pattern} failed: the data is "${found}", not "${data[then]}"`);
    await arrives(rig);
  }
  if ((await marks(rig)) === data.old) await addMark(rig, 'mark-new');
  await mustOps(restore, '');
  await untilHealthy(SERVICE_NAMES);
  if ((await marks(rig)) !== data.old) throw new Error('the restored data is not that of the backup');
  await arrives(rig);
  return `${failed.length} steps failed once: ${failed.join(', ')}`;
}

/** A letter with a link is passed on by the operator, and neither its link nor whom it is for is in a log. */
export async function passedOn(rig: Rig): Promise<undefined> {
  const site = rig.target.dashboard() ?? '';
  const post = (path: string, body: object) =>
    fetch(site + path, {
      method: 'POST',
      headers: { apikey: rig.target.secrets.read('publishable.key'), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const email = 'forgets@example.test';
  await post('/auth/v1/signup', { email, password: 'a long pass phrase 1' });
  const { status } = await post('/auth/v1/recover', { email });
  const { stdout } = await mustOps(`compose letters ${on(rig)}`, '');
  const [, token] = /To: forgets@.*?token(?:_hash)?=([\w-]+)/s.exec(stdout) ?? [];
  if (!token) throw new Error(`recover answers ${status}; no letter with a link: ${stdout.slice(0, 300)}`);
  // nginx and the API see the link's address when it is opened, by HTTP as well, and more often than they allow.
  for (let n = 0; n < 40; n++)
    await fetch(`${site}/auth/v1/verify?type=recovery&token=${token}`, { redirect: 'manual' });
  await fetch(`${site.replace('https', 'http')}/link?token=${token}`, { redirect: 'manual' });
  const logs = await must('sh', ['-c', 'docker ps -q | xargs -n1 docker logs 2>&1']);
  if (logs.includes(token) || logs.includes(email)) throw new Error('the link, or whom it is for, is in a log');
}

/** The app takes readings: its canary comes through broker and database. */
async function arrives(rig: Rig): Promise<void> {
  const from = Date.now();
  for (let tries = 0; tries < 150; tries++) {
    const age = await withConnection(rig.target.database(), async (client) => {
      const { rows } = await client.query<{ age: number | null }>(
        'select min(age_seconds) as age from ingest.canary_ages',
      );
      return rows[0]?.age;
    });
    if (age != null && age * 1000 < Date.now() - from) return;
    await sleep(1000);
  }
  throw new Error('no canary comes through broker and database');
}

/** Names of images, as Docker lists them. */
const imageNames = async () =>
  (await must('docker', ['images', '--format', '{{.Repository}}:{{.Tag}}'])).trim().split('\n').sort();

/** Keys that a person has removed: other ones are made, and the containers that use them start again. */
export async function rekeyed(rig: Rig): Promise<undefined> {
  const { secrets } = rig.target;
  const names = ['ingest.key', 'ingest.url', 'server.crt', 'authority.key'] as const;
  const before = names.map((name) => secrets.read(name));
  for (const name of names) rmSync(join(secrets.folder, name));
  await mustOps(`compose start ${on(rig)}`, '');
  if (names.some((name, index) => secrets.read(name) === before[index])) throw new Error('a secret is the old one');
  await arrives(rig);
  const page = await mustOps(`compose status ${on(rig)}`, '');
  if (!/^ok {3}platform/m.test(page.stdout)) throw new Error(page.stdout);
}

export async function cleaned(rig: Rig): Promise<string> {
  const lines = ['FROM base:trixie', `LABEL nobody=${Date.now()}`];
  const context = join(rig.target.project.folder, 'clean');
  await must('sh', ['-c', `mkdir -p ${context} && printf '%s\\n' '${lines[0]}' '${lines[1]}' >${context}/Dockerfile`]);
  const dangling = (await must('docker', ['build', '--quiet', context])).trim();
  await must('docker', ['tag', 'base:trixie', 'somebodys:own']);
  const before = (await imageNames()).filter((name) => name !== '<none>:<none>');
  const running = containers().length;
  for (const step of ['^docker image prune', '^docker builder prune']) {
    rig.failing.next(step);
    const { code } = await ops(`compose clean ${on(rig)}`, '');
    if (!rig.failing.happened() || code !== 1) throw new Error(`${step} failed, and clean says ${code}`);
  }
  await mustOps(`compose clean ${on(rig)}`, '');
  const after = await imageNames();
  if (String(after) !== String(before)) throw new Error(`names before: ${before.join()}; after: ${after.join()}`);
  if (containers().length !== running) throw new Error('a container is gone');
  const ids = await must('docker', ['images', '--quiet', '--no-trunc']);
  if (ids.includes(dangling)) throw new Error('the image without a name is still there');
  await untilHealthy(SERVICE_NAMES);
  return `${after.length} images kept`;
}

export async function updated(rig: Rig): Promise<string> {
  const { folder } = rig.target.project;
  const former = rig.target.project.release('current')!;
  const make = async (id: string, change: (yaml: string) => string) => {
    cpSync(join(folder, 'releases', former), join(folder, 'releases', id), { recursive: true });
    const file = join(folder, 'releases', id, 'compose.yaml');
    writeFileSync(file, change(readFileSync(file, 'utf8').replaceAll(`:${former}`, `:${id}`)));
    rig.target.project.link('latest', id);
  };
  await make('bad', (yaml) => yaml.replace('/opt/mqtt-saas/functions/main.mjs', '/opt/mqtt-saas/functions/none.mjs'));
  const bad = await ops(`compose update --patience 40 ${on(rig)}`, '');
  if (bad.code !== 1 || rig.target.project.release('current') !== former)
    throw new Error(`a bad release stays: ${bad.stderr.slice(-500)}`);
  await untilHealthy(SERVICE_NAMES);
  await make('good', (yaml) => yaml.replace('max-size: 10m', 'max-size: 11m'));
  await mustOps(`compose update ${on(rig)}`, '');
  if (rig.target.project.release('current') !== 'good') throw new Error('the good release is not in force');
  await mustOps(`compose rollback ${on(rig)}`, '');
  if (rig.target.project.release('current') !== former) throw new Error('the rollback is not in force');
  await untilHealthy(SERVICE_NAMES);
  const kept = (await imageNames()).filter((name) => name.endsWith(':bad'));
  if (kept.length > 0) throw new Error(`images of the bad release stay: ${kept.join()}`);
  return `${former} → good → ${former}`;
}
