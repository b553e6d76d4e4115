// The platform's figures as Prometheus reads them. None of them names a tenant.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type Findings, secondsSinceRun } from './check.ts';

/** The content type of {@link renderMetrics}. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

const process = new Registry();
collectDefaultMetrics({ register: process });

/** The text format. What is not known is left out, so that an alert on its absence can fire. */
export async function renderMetrics({ figures, certificateNotAfter }: Findings): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: number | undefined) => {
    if (value !== undefined) new Gauge({ name: `mqtt_saas_${name}`, help, registers: [registry] }).set(value);
  };
  gauge('db_up', 'Whether the database answers.', figures ? 1 : 0);
  gauge('mqtt_up', 'Whether the broker accepts a connection.', certificateNotAfter === undefined ? 0 : 1);
  gauge(
    'certificate_not_after_seconds',
    "When the broker's certificate ends, in seconds since 1970.",
    seconds(certificateNotAfter),
  );
  if (figures) {
    gauge('ingest_last_run_age_seconds', 'Seconds since ingest last ran.', secondsSinceRun(figures));
    gauge('database_size_bytes', 'Size of the database.', figures.databaseBytes);
    gauge('devices', 'Devices that may connect.', figures.devices);
    const readings = new Counter({
      name: 'mqtt_saas_readings_total',
      help: 'Readings by what became of them; "received" counts all.',
      labelNames: ['outcome'],
      registers: [registry],
    });
    for (const [outcome, value] of Object.entries(figures.readings)) readings.inc({ outcome }, value);
  }
  return Registry.merge([registry, process]).metrics();
}

const seconds = (date: Date | null | undefined) => (date ? date.getTime() / 1000 : undefined);
