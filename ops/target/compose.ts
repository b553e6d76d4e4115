// A Compose project on this host, as a target.
import { join } from 'node:path';
import { MQTT_TLS_PORT } from '../../domain/ingress.ts';
import { Secrets } from '../compose/keys.ts';
import { Project } from '../compose/project.ts';
import type { ComposeTarget } from './target.ts';

/** @param name `compose` or `compose:FOLDER`. */
export function composeTarget(name: string): ComposeTarget {
  const project = new Project(name.split(/:(.*)/s)[1]);
  const secrets = new Secrets(project.folder);
  /** On this host, which the data's network knows, the database is reached by its address. */
  const database = (url: string) => {
    const here = new URL(url);
    here.hostname = `${project.settings().DATA_NETWORK}.2`;
    return { url: here.href, ca: secrets.read('database-ca.crt') };
  };
  return {
    kind: 'compose',
    name,
    project,
    secrets,
    database: () =>
      database(`postgres://postgres:${secrets.read('database.password')}@database:5432/postgres?sslmode=verify-full`),
    broker: () => ({
      target: name,
      host: project.settings().PLATFORM_HOST,
      port: MQTT_TLS_PORT,
      ca: secrets.read('ca.crt'),
      caFile: join(secrets.folder, 'ca.crt'),
      renewedBy: 'start',
    }),
    dashboard: () => `https://${project.settings().PLATFORM_HOST}`,
    health: () => `https://${project.settings().PLATFORM_HOST}/health`,
    backups: () => ({
      reader: database(secrets.read('backup.url')),
      store: join(project.folder, 'backups'),
      key: secrets.read('backup.key'),
    }),
    archive: () => ({ writer: database(secrets.read('archive.url')), store: join(project.folder, 'archive') }),
  };
}
