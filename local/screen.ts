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

/** Where everything is, once the platform runs. Shows no secret: it says which file holds them. */
export function printReady(instance: RunningInstance, dir: string): void {
  const suffix = instance.name === 'default' ? '' : `:${instance.name}`;
  console.log(`
The platform is running${suffix ? ` as "${instance.name}"` : ''}.

  Broker     mqtts://127.0.0.1:${instance.mqttPort}   (CA: ${instance.caFile})
  Database   127.0.0.1:${instance.databasePort}   (database postgres)
  Data       ${dir}   (keys: secrets.json, logs: ingest.log, broker/mosquitto.log)

  Check it   npm run verify -- --target local${suffix}
  Stop it    Ctrl-C
`);
}
