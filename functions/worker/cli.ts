// Ingest's command line: a long-lived worker, or one run like the timer's.
import { parseArgs } from 'node:util';
import { INGEST_RUN } from '../../domain/ingest-run.ts';
import { makePages } from '../health/pages.ts';
import { servePages } from '../health/server.ts';
import { hasFailed, runOnce } from '../ingest/run.ts';
import type { SourceSettings } from '../ingest/run-from.ts';
import { createLogger, type Logger } from '../runtime/log.ts';
import { keepHeapSmall } from '../runtime/memory.ts';
import { type ClusterSettings, hasCluster, readClusterSettings } from '../settings/cluster.ts';
import { healthPort, readHealthSettings } from '../settings/health.ts';
import { readIngestSettings } from '../settings/ingest.ts';
import { readKafkaSettings, readsKafka } from '../settings/kafka.ts';
import { wantsStacks } from '../settings/log.ts';
import { metricsPath } from '../settings/metrics-path.ts';
import { serveQuestions } from './questions.ts';
import { runWorker } from './worker.ts';

const HELP = `Moves readings from the MQTT broker, a cluster or Kafka into Postgres.

usage: node main.mjs --mode worker|run

  --mode worker   runs until it is stopped (SIGTERM or Ctrl-C)
  --mode run      drains what waits on the broker and ends: exit code 0 if all is well, otherwise 1
  --help          this text

Settings (environment; instead of any NAME, NAME_FILE may name the file that holds it):
  MQTT_BROKER_URL                      mqtts://host:8883 (mqtt:// for loopback only); on a cluster its MQTT listener, for health alone
  MQTT_BROKER_USERNAME                 the ingest account
  MQTT_BROKER_PASSWORD                 its key
  MQTT_BROKER_PREVIOUS_USERNAME        during a rotation: the account that is replaced,
  MQTT_BROKER_PREVIOUS_PASSWORD        and its key
  MQTT_CONTROL_USERNAME                the account that sends commands to devices; default: svc-control
  MQTT_CONTROL_PASSWORD                its key; without it commands wait
  MQTT_INGEST_URLS                     the brokers to drain, where there is a standby: two URLs, separated by a space; default: MQTT_BROKER_URL
  MQTT_GATE_KEY                        key of the broker's stamps, 32 hexadecimal digits; default: no stamps are expected
  MQTT_BROKER_CERTIFIED_AS             the name in its certificate; default: the host in the URL
  MQTT_CONTROL_BROKER_URL              where devices are, if ingest reads another broker; default: MQTT_BROKER_URL
  MQTT_BROKER_CA                       PEM text or file of the CA to trust; default: the public ones
  MQTT_CLIENT_ID                       name of the lease; default: mqtt-ingest
  NATS_SERVERS                         HOST:PORT,HOST:PORT: a worker reads a cluster instead of the MQTT broker; default: it does not
  NATS_CA                              PEM text or file of the servers' CA; default: the public ones
  KAFKA_BROKERS                        HOST:PORT,HOST:PORT: a worker reads Kafka instead of the MQTT broker; default: it does not
  KAFKA_TOPIC                          the topic; default: telemetry
  KAFKA_GROUP                          the consumer group, whose workers share the partitions; default: mqtt-ingest
  KAFKA_CLIENT_ID                      this worker's own name and lease; default: the host's name
  KAFKA_RECORDS                        plain: the key is the MQTT topic; event-grid: the value is Event Grid's envelope; default: plain
  KAFKA_USERNAME                       SASL PLAIN: the user, for Event Hubs $ConnectionString; default: none
  KAFKA_PASSWORD                       its password, for Event Hubs the connection string
  KAFKA_CA                             PEM text or file of the CA to trust; default: the public ones; on loopback without TLS
  EXTERNAL_DATABASE_CONNECTION_STRING  postgres://user:password@host:port/database
  EXTERNAL_DATABASE_CA                 PEM text or file of the CA to trust; default: the public ones
  INGEST_BATCH_CAP                     most messages one run takes; default: ${INGEST_RUN.batchCap.normal}
  INGEST_TIME_GUARD_MS                 a run takes nothing more after this; default: ${INGEST_RUN.timeGuardMs.normal}
  HEALTH_PORT                          port where a worker answers GET /api/health, and questions; default: none
  HEALTH_ADDRESS                       address there; default: 127.0.0.1
  PROMETHEUS_ENABLED                   true: it also answers GET PROMETHEUS_PATH; default: false
  PROMETHEUS_PATH                      path of the metrics, below api/; default: api/metrics
  DATABASE_LIMIT_MB                    size at which the database is full, for the metrics; default: not known
  NOTIFY_KEY                           64 hexadecimal digits that open the secrets of notification channels; default: a worker notifies nobody
  NOTIFY_PREVIOUS_KEY                  the key before it, after a rotation
  NOTIFY_SMTP_URL                      smtp://USER@HOST:587 or smtps://USER@HOST:465; default: no mail
  NOTIFY_SMTP_PASSWORD                 the password there
  NOTIFY_FROM                          the sender of mails
  NOTIFY_DASHBOARD_URL                 where mails and messages lead
  NOTIFY_OWN_HOSTS                     the platform's own hosts, separated by commas: no webhook leads there
  NOTIFY_CA                            PEM text or file of the CA to trust for mail server and webhooks; default: the public ones
  NOTIFY_ALLOW_LOOPBACK                true: webhooks may lead to this machine; never where tenants are
  QUESTIONS_URL                        base of an OpenAI-compatible API, such as https://api.example.com/v1; default: nobody can ask
  QUESTIONS_KEY                        the key there
  QUESTIONS_MODELS                     models with US dollars a million tokens in and out: small=0.15/0.60,large=2.50/10
  QUESTIONS_PRICES_FROM                day of these prices, YYYY-MM-DD
  QUESTIONS_API_URL                    where the API of the database is, without /rest/v1
  QUESTIONS_PUBLISHABLE_KEY            its publishable key
  QUESTIONS_TOKENS_DAY                 most tokens of a tenant and day; default: 100,000
  QUESTIONS_TOKENS_MONTH               and month; default: 1,000,000
  QUESTIONS_USD_DAY                    most US dollars of a tenant and day; default: 0.10
  QUESTIONS_USD_MONTH                  and month; default: 1
  QUESTIONS_PLATFORM_USD_MONTH         most of all tenants a month; default: 10
  LOG_LEVEL                            fatal, error, warn, info, debug, trace or silent; default: info
  LOG_PRETTY                           true for text instead of JSON; default: false
`;

/** Runs the command and returns its exit code: 0 done, 1 failed, 2 wrong usage or settings. */
export async function runCli(args: string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args, options: { mode: { type: 'string' }, help: { type: 'boolean' } } });
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    if (values.mode !== 'worker' && values.mode !== 'run') throw new Error('give --mode worker or --mode run');
    keepHeapSmall();
    const cluster = hasCluster() ? readClusterSettings() : undefined;
    const settings = cluster ?? (readsKafka() ? readKafkaSettings() : readIngestSettings());
    const log = createLogger('mqtt_ingest', { level: settings.logLevel, pretty: settings.logPretty });
    const signal = untilStopped();
    if (values.mode === 'run') {
      if (!('broker' in settings))
        throw new Error('--mode run drains the MQTT broker; a cluster and Kafka are read by --mode worker');
      return hasFailed(await runOnce(settings, log, signal)) ? 1 : 0;
    }
    const stopServing = await serve(log);
    await work(settings, log, signal).finally(stopServing);
    return 0;
  } catch (error) {
    const { message, stack } = error as Error;
    process.stderr.write(`error: ${wantsStacks() ? stack : message}\n`);
    return 2;
  }
}

async function work(settings: SourceSettings | ClusterSettings, log: Logger, signal: AbortSignal): Promise<void> {
  if (!('cluster' in settings)) return runWorker(settings, log, signal);
  // Loaded by those alone who read a cluster.
  const { runPartitions } = await import('./partitions.ts');
  await runPartitions(settings, log, signal);
}

/** Answers on HEALTH_PORT, if it is set, until the returned function is called. */
async function serve(log: Logger): Promise<() => Promise<void>> {
  const port = healthPort();
  if (port === undefined) return async () => {};
  const health = readHealthSettings();
  const questions = serveQuestions(log);
  const server = await servePages(makePages(health), port, metricsPath(), health.address, questions?.pages);
  return async () => {
    await server.stop();
    await questions?.close();
  };
}

/** Aborted by the first SIGTERM or SIGINT; a second one ends the process at once. */
function untilStopped(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopping.abort());
  return stopping.signal;
}
