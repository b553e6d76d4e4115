// A Compose project on this host, as a target.
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
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
  /** This process, which asks there next, trusts the project's authority from now on. */
  const site = () => {
    setDefaultCACertificates([...getCACertificates('default'), secrets.read('ca.crt')]);
    return `https://${project.settings().PLATFORM_HOST}`;
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
      renewedBy: 'project',
    }),
    dashboard: () => site(),
    health: () => `${site()}/health`,
    backups: () => ({
      reader: database(secrets.read('backup.url')),
      store: join(project.folder, 'backups'),
      key: secrets.read('backup.key'),
    }),
    archive: () => ({
      writer: database(secrets.read('archive.url')),
      store: join(project.folder, 'archive'),
      linkKey: secrets.read('archive-links.key'),
    }),
  };
}
