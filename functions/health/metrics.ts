// The platform's figures as Prometheus reads them. None of them names a tenant.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type Findings, isServing, secondsSinceRun } from './check.ts';
import { FIGURES, readName } from './figures.ts';

/** The content type of {@link renderMetrics}. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Node's own figures, from the first time that somebody asks for them: to watch garbage collection costs ingest 2 % of its CPU time. */
let ofProcess: Registry | undefined;
function processRegistry(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

/**
 * The text format. What is not known is left out, so that an alert on its absence can fire.
 * @param databaseLimitBytes size at which the database is full; undefined: not known.
 */
export async function renderMetrics(
  { figures, greeting }: Findings,
  databaseLimitBytes: number | undefined,
): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, value: number | undefined) => {
    if (value !== undefined) new Gauge({ name: `mqtt_saas_${name}`, help, registers }).set(value);
  };
  gauge('db_up', 'Whether the database answers.', figures ? 1 : 0);
  gauge('mqtt_up', 'Whether the broker accepts a connection, with a valid certificate.', isServing(greeting) ? 1 : 0);
  gauge(
    'certificate_not_after_seconds',
    "When the broker's certificate ends, in seconds since 1970.",
    greeting?.notAfter ? greeting.notAfter.getTime() / 1000 : undefined,
  );
  gauge('database_limit_bytes', 'Size at which the database is full.', databaseLimitBytes);
  if (figures) {
    gauge('ingest_last_run_age_seconds', 'Seconds since ingest last ran.', secondsSinceRun(figures));
    gauge('database_size_bytes', 'Size of the database.', figures.databaseBytes);
    gauge('devices', 'Devices that may connect.', figures.devices);
    const readings = new Counter({
      name: 'mqtt_saas_readings_total',
      help: 'Readings by what became of them; "received" counts all.',
      labelNames: ['outcome'],
      registers,
    });
    for (const [outcome, value] of Object.entries(figures.readings)) readings.inc({ outcome }, value);
    addParts(registry, figures.parts);
  }
  return Registry.merge([registry, processRegistry()]).metrics();
}

/** One without a description is left out, and what is not a number: one part's fault must not take all figures away. */
function addParts(registry: Registry, parts: Record<string, number>): void {
  const made = new Map<string, Gauge | Counter>();
  for (const [text, value] of Object.entries(parts)) {
    const { name, labels } = readName(text);
    const figure = FIGURES[name];
    if (!figure || !Number.isFinite(value)) continue;
    const Kind = figure.type === 'counter' ? Counter : Gauge;
    const labelNames = Object.keys(labels);
    const metric =
      made.get(name) ?? new Kind({ name: `mqtt_saas_${name}`, help: figure.help, labelNames, registers: [registry] });
    made.set(name, metric);
    metric.inc(labels, value);
  }
}
