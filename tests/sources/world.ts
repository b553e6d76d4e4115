// A Kafka, a database and workers between the two, for tests that let them die.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Producer, type ProducerOptions, stringSerializers } from '@platformatic/kafka';
import { type IngestWorker, startIngestWorker } from '../../lab/ingest-worker.ts';
import { type Kafka, startKafka } from '../../lab/kafka.ts';
import { type Lab, type LabDevice, startLab } from '../../lab/lab.ts';
import { freePort } from '../../lab/ports.ts';

/** What a test works with. */
export interface KafkaWorld {
  lab: Lab;
  readonly kafka: Kafka;
  /** Kills the broker, and starts it again with what it had. */
  restartKafka(): Promise<void>;
  /** A worker process of the group; each has a name of its own. */
  startWorker(topic: string): KafkaWorker;
  producer(
    options?: Partial<ProducerOptions<string, string, string, string>>,
  ): Producer<string, string, string, string>;
  /** Waits until the readings `0` to `count` are rows, each once, and nothing else is; and until the ledger adds up. */
  expectRows(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** A worker, with its log's lines. */
export interface KafkaWorker extends IngestWorker {
  said(text: string): number;
}

/** A reading as a record; two in three devices have no clock. */
export const record = (topic: string, device: LabDevice, n: number) => ({
  topic,
  key: device.topic,
  value: JSON.stringify(n % 3 === 0 ? { ts: new Date(Date.UTC(2026, 10, 1) + n * 1000).toISOString(), n } : { n }),
});

const DEVICES = 20;
const PATIENCE_MS = 90_000;

export async function startWorld(): Promise<KafkaWorld> {
  const lab = await startLab({ devices: DEVICES, broker: false });
  const ports = { broker: await freePort(), controller: await freePort() };
  const dir = join(lab.dir, 'kafka');
  let kafka = await startKafka(dir, ports);
  const database = await lab.login('mqtt_ingest');
  const workers: IngestWorker[] = [];
  const producers: Producer<string, string, string, string>[] = [];
  const count = async () =>
    (
      await lab.admin.query<{ rows: number; distinct: number; strange: number; stored: number; residuals: number }>(
        `select count(*)::int as rows, count(distinct payload ->> 'n')::int as distinct,
           count(*) filter (where not payload ? 'n' or payload ? 'aborted')::int as strange,
           (select coalesce(sum(stored), 0)::int from public.ingest_ledger) as stored,
           (select count(*)::int from public.ingest_residuals) as residuals
         from public.telemetry`,
      )
    ).rows[0]!;
  return {
    lab,
    get kafka() {
      return kafka;
    },
    restartKafka: async () => {
      await kafka.kill();
      kafka = await startKafka(dir, ports);
    },
    startWorker: (topic) => {
      const lines: string[] = [];
      const worker = startIngestWorker({
        env: {
          KAFKA_BROKERS: kafka.broker,
          KAFKA_TOPIC: topic,
          KAFKA_GROUP: `ingest-of-${topic}`,
          KAFKA_CLIENT_ID: `worker-${randomUUID()}`,
          EXTERNAL_DATABASE_CONNECTION_STRING: database,
          LOG_LEVEL: 'debug',
        },
        logFile: join(lab.dir, 'ingest.log'),
        onLog: ({ msg }) => lines.push(String(msg)),
      });
      workers.push(worker);
      return { ...worker, said: (text) => lines.filter((line) => line.includes(text)).length };
    },
    producer: (options) => {
      const producer = new Producer({
        clientId: 'devices',
        bootstrapBrokers: [kafka.broker],
        serializers: stringSerializers,
        retries: 50,
        retryDelay: 200,
        acks: -1,
        ...options,
      });
      producers.push(producer);
      return producer;
    },
    expectRows: async (wanted) => {
      const deadline = Date.now() + PATIENCE_MS;
      let seen = await count();
      while (seen.distinct < wanted && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        seen = await count();
      }
      const { rows, distinct, strange, stored, residuals } = seen;
      const found = { distinct, rows, strange, storedByTheLedger: stored, residuals };
      const right = { distinct: wanted, rows: wanted, strange: 0, storedByTheLedger: wanted, residuals: 0 };
      if (JSON.stringify(found) !== JSON.stringify(right))
        throw new Error(`expected ${JSON.stringify(right)}, found ${JSON.stringify(found)}`);
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      await Promise.all(producers.map((producer) => producer.close(true).catch(() => {})));
      await kafka.stop();
      await lab.stop();
    },
  };
}
