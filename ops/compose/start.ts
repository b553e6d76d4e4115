// Starts a Compose project: the first time with everything that it needs.
import { chownSync, copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FOLDERS, imageOf, SERVICE_NAMES, secretsOf, TARGETS } from '../../provisioning/compose/project.ts';
import { UIDS } from '../../provisioning/compose/secrets.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { prepareDatabase } from '../prepare-database.ts';
import type { ComposeTarget } from '../target/target.ts';
import { startTimes, untilHealthy } from './health.ts';
import { docker } from './project.ts';
import { loadSources } from './sources.ts';

/** Starts it, or starts again what is down. @param log called at each step. @throws Error that says what to do. */
export async function startProject(target: ComposeTarget, log: (line: string) => void): Promise<void> {
  const { project } = target;
  const host = await prepareFolder(target, log);
  if (project.release('current') === undefined) project.link('current', project.release('latest')!);
  buildImages(target, project.release('current')!, log);
  log('starting the database');
  project.compose(['up', '-d', 'database']);
  await untilHealthy(['database']);
  await prepare(target, log);
  log('starting the others');
  project.compose(['up', '-d']);
  restartOutdated(target, SERVICE_NAMES);
  await untilHealthy(SERVICE_NAMES);
  log(loadSources(target));
  log(`the platform runs: https://${host}`);
  if (await isEmpty(target)) {
    log(
      `Next, its first owner: npm run ops -- invite YOU@EXAMPLE.COM --tenant NAME --role owner --create-tenant --target ${target.name}`,
    );
  }
}

/** Services that started before one of their secrets became what it is: a running container has the files of its start. */
export function outdatedServices({ secrets }: ComposeTarget): string[] {
  const started = startTimes();
  return SERVICE_NAMES.filter((service) => {
    const at = started.get(service);
    return at !== undefined && secretsOf(service).some((name) => secrets.changedAt(name) > at);
  });
}

function restartOutdated(target: ComposeTarget, among: readonly string[]): boolean {
  const outdated = outdatedServices(target).filter((service) => among.includes(service));
  if (outdated.length > 0) target.project.compose(['restart', ...outdated]);
  return outdated.length > 0;
}

/**
 * Settings, secrets and folders, those that are missing.
 * @returns the platform's host.
 * @throws Error that says what to set.
 */
export async function prepareFolder({ project, secrets }: ComposeTarget, log: (line: string) => void): Promise<string> {
  const env = join(project.folder, '.env');
  const example = join(project.folder, '.env.example');
  if (!existsSync(example))
    throw new Error(`${project.folder} has no project: npm run ops -- render compose --out ${project.folder}`);
  if (!existsSync(env)) copyFileSync(example, env);
  const { PLATFORM_HOST: host, DATA_NETWORK: network } = project.settings();
  const made = await secrets.ensure(host, `${network}.2`);
  if (made.length > 0) log(`made in ${secrets.folder}: ${made.join(', ')}`);
  if (made.includes('authority.key') && made.includes('ca.crt'))
    log(`devices must trust this authority, which is a new one: ${join(secrets.folder, 'ca.crt')}`);
  for (const name of FOLDERS) {
    const folder = join(project.folder, name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chownSync(folder, UIDS.app, UIDS.app);
  }
  return host;
}

/** Marks an image with the base that it is built on. */
const BASE_LABEL = 'mqtt-saas.base';

/** Builds the images of a release that this host lacks, or has on another base: a newer Debian brings newer packages. */
export function buildImages(target: ComposeTarget, release: string, log: (line: string) => void): void {
  const { BASE_IMAGE: base } = target.project.settings();
  if (!base.includes('@sha256:') && docker(['image', 'ls', '--quiet', base]).trim() === '') {
    throw new Error(
      `BASE_IMAGE is ${base}, which this host does not have: name it in .env by its digest, debian@sha256:..., so that every build has the same base`,
    );
  }
  const context = join(target.project.folder, 'releases', release, 'image');
  for (const name of TARGETS) {
    const image = imageOf(name, release);
    if (baseOf(image) === base) continue;
    log(`building ${image}`);
    const marks = ['--build-arg', `BASE=${base}`, '--label', `${BASE_LABEL}=${base}`];
    docker(['build', '--quiet', ...marks, '--target', name, '--tag', image, context]);
  }
}

/** Undefined: there is no such image. */
function baseOf(image: string): string | undefined {
  if (docker(['image', 'ls', '--quiet', image]).trim() === '') return undefined;
  return docker(['image', 'inspect', '--format', `{{index .Config.Labels "${BASE_LABEL}"}}`, image]).trim();
}

/** Schema, sign-ins and accounts, of a database that serves the certificate that is believed now. */
export async function prepare(target: ComposeTarget, log: (line: string) => void): Promise<void> {
  // It may still have a certificate that nobody believes any more.
  if (restartOutdated(target, ['database'])) await untilHealthy(['database']);
  await prepareDatabase(target.database(), (name) => target.secrets.read(name), log);
}

/** Whether nobody has been invited yet. */
const isEmpty = (target: ComposeTarget) =>
  withConnection(target.database(), async (client) => {
    const { rows } = await client.query<{ empty: boolean }>('select not exists (select from public.tenants) as empty');
    return rows[0]!.empty;
  });
