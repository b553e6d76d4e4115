// What a person sees while the platform starts, and once it runs.
import { type Colors, colorsFor } from './colors.ts';
import type { RunningInstance } from './instance.ts';

/** One line a step, with the time it took. */
export class ProgressLine {
  #colors: Colors;
  #current: { step: string; since: number } | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#colors = colorsFor(stream);
  }

  /** The step before, if any, is done; this one begins. */
  step(step: string): void {
    this.done();
    this.#current = { step, since: Date.now() };
  }

  /** The last step is done. */
  done(): void {
    if (!this.#current) return;
    const seconds = ((Date.now() - this.#current.since) / 1000).toFixed(1);
    console.log(`${this.#colors.green('✓')} ${this.#current.step} ${this.#colors.dim(`${seconds} s`)}`);
    this.#current = undefined;
  }
}

/** What the ready screen says besides addresses. */
export interface ReadyOptions {
  /** Passwords of the demonstration's people by e-mail address. They open nothing but this platform. */
  people: Readonly<Record<string, string>>;
  /** False when the dashboard could not be built. */
  hasDashboard: boolean;
}

/** Where everything is, once the platform runs. Of secrets it shows the demonstration's passwords only. */
export function printReady(instance: RunningInstance, dir: string, { people, hasDashboard }: ReadyOptions): void {
  const suffix = instance.name === 'default' ? '' : `:${instance.name}`;
  const signIns = Object.entries(people).map(([email, password]) => `             ${email.padEnd(20)}  ${password}`);
  const dashboard = hasDashboard
    ? [instance.dashboardUrl, ...signIns]
    : [`not built, see the error above (the API is at ${instance.dashboardUrl})`];
  console.log(`
The platform is running${suffix ? ` as "${instance.name}"` : ''}.

  Dashboard  ${dashboard.join('\n')}
  Broker     mqtts://127.0.0.1:${instance.mqttPort}   (CA: ${instance.caFile})
  Database   127.0.0.1:${instance.databasePort}   (database postgres)
  Data       ${dir}   (keys: secrets.json, logs: ingest.log, front-door.log, broker/mosquitto.log)

  Check it   npm run verify -- --target local${suffix}
  Stop it    Ctrl-C
`);
}
