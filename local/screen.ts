// What a person sees once the platform runs.
import { join } from 'node:path';
import { PSQL_FILE, type RunningInstance } from './instance.ts';

/** What the screen shows in addition to addresses. */
export interface ReadyOptions {
  /** Passwords of the demo users by e-mail address. They are valid on this platform only. */
  people: Readonly<Record<string, string>>;
  /** False if the dashboard could not be built. */
  hasDashboard: boolean;
}

/** All addresses, once the platform runs. The only secrets that it shows are the demo users' passwords. */
export function printReady(instance: RunningInstance, dir: string, { people, hasDashboard }: ReadyOptions): void {
  const suffix = instance.name === 'default' ? '' : `:${instance.name}`;
  const signIns = Object.entries(people).map(([email, password]) => `             ${email.padEnd(20)} ${password}`);
  const dashboard = hasDashboard
    ? [instance.dashboardUrl, ...signIns]
    : [`not built, see the error above (the API is at ${instance.dashboardUrl})`];
  console.log(`
The platform is running${suffix ? ` as "${instance.name}"` : ''}.

  Dashboard  ${dashboard.join('\n')}
  Broker     mqtts://127.0.0.1:${instance.mqttPort}
             CA: ${instance.caFile}
  Database   PGSERVICEFILE=${join(dir, PSQL_FILE)} psql service=local
  Health     ${instance.healthUrl}/api/health
             figures for Prometheus: /api/metrics
  Data       ${dir}
             with keys (secrets.json) and logs (*.log, */*.log)

  Check it   npm run verify -- --target local${suffix}
  Stop it    Ctrl-C; the data is kept
  Remove it  npm start -- --remove ${instance.name}
`);
}
