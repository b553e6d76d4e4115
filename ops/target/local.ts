// A platform on this machine, as a target.
import { dirname } from 'node:path';
import { DEFAULT_NAME, listInstances, type RunningInstance, readInstance } from '../../local/instance.ts';
import type { LocalTarget } from './target.ts';

/** @param target `local` or `local:NAME`. @throws Error that says what to start, or which of several to name. */
export function localTarget(target: string): LocalTarget {
  const name = target === 'local' ? undefined : target.slice('local:'.length);
  const names = name === undefined ? listInstances() : [name];
  const instance = choose(
    names.flatMap((each) => readInstance(each) ?? []),
    name,
  );
  const platform = `local:${instance.name}`;
  return {
    kind: 'local',
    name: platform,
    database: () => ({ url: instance.databaseUrl }),
    broker: () => ({
      target: platform,
      host: '127.0.0.1',
      port: instance.mqttPort,
      ca: instance.ca,
      caFile: instance.caFile,
      pid: instance.brokerPid,
      renewedBy: 'start',
    }),
    dashboard: () => instance.dashboardUrl,
    health: () => `${instance.healthUrl}/api/health`,
    ingestAccountFile: instance.ingestAccountFile,
    brokerLog: instance.brokerLog,
    dataFolder: dirname(instance.ingestAccountFile),
    backups: () => {
      const { databaseUrl, store, key } = instance.backups;
      return { reader: { url: databaseUrl }, store, key };
    },
    archive: () => {
      const { databaseUrl, store, linkKey } = instance.archive;
      return { writer: { url: databaseUrl }, store, linkKey };
    },
  };
}

/**
 * The platform of that name; without a name the default one, else the only one.
 * @param running the platforms that run. @throws Error when there is none, or more than one to choose from.
 */
export function choose(running: readonly RunningInstance[], name: string | undefined): RunningInstance {
  const wanted = name ?? (running.length === 1 ? running[0]?.name : DEFAULT_NAME);
  const instance = running.find((each) => each.name === wanted);
  if (instance) return instance;
  if (running.length > 1) {
    const names = running.map((each) => `--target local:${each.name}`);
    throw new Error(`${running.length} local platforms are running: say which, with ${names.join(' or ')}`);
  }
  const [as, start] = name === undefined ? ['', 'npm start'] : [` as "${name}"`, `npm start -- --name ${name}`];
  throw new Error(`no local platform is running${as}: start it with ${start}, or name a deployed stack with --target`);
}
