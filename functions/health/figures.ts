// The names of what the database says of the platform, beside what has a name of its own in check.ts: with a help text each, as
// Prometheus shows it. A part adds its figures with a function `ingest.<part>_figures()`, and their names here.

/** A figure: "counter" only grows, all others go up and down. */
export interface Figure {
  help: string;
  type?: 'counter';
}

/** By name, without `mqtt_saas_`. */
export const FIGURES: Record<string, Figure> = {
  ingest_lag_seconds: {
    help: 'Seconds since the newest message was published that came through broker, queue and table. A timer a minute is up to 3 minutes behind.',
  },
  dead_letters: { help: 'Dead letters that are kept, of all tenants.' },
  refusals_total: { help: 'What the broker refused: connections, messages, subscriptions, wills.', type: 'counter' },
  readings_residual: { help: 'Readings received less the sum of what became of them. It is 0, or a fault of the program.' },
};

/** A figure's name and labels, from `name` or `name{label="value"}`. */
export function readName(text: string): { name: string; labels: Record<string, string> } {
  const [, name = text, labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(text) ?? [];
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => [label, value]);
  return { name, labels: Object.fromEntries(pairs) };
}
