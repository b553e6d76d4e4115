// The ingest of an environment that was made by hand, as far as the database and the broker see it. Its source is what is known of the
// usual one: a Python function on a timer that listens for 20 seconds of each minute with a clean session, a random client id and
// QoS 0 to `devices/<id>/#` and `device/<id>/#`, connects to the database through the pooler, and before each insert makes sure of
// table, column and index, without naming a schema. A statement that fails is logged and its message is gone.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import pg from 'pg';

/** The statements of one message. The owner's has all three; another role may neither alter the table nor make an index on it. */
export const OWNERS = [
  'create table if not exists telemetry (id bigserial primary key, tenant_id uuid, topic text, payload_text text)',
  'alter table telemetry add column if not exists received_at timestamptz default now()',
  'create unique index if not exists telemetry_message on telemetry (payload_text)',
];
export const OTHERS = OWNERS.slice(0, 1);

/** How it runs. */
export interface OldIngestOptions {
  brokerUrl: string;
  /** Through the pooler. */
  databaseUrl: string;
  ensure: string[];
  /** All statements of a message in one transaction, as psycopg2 does unless told otherwise; else each by itself. */
  transaction: boolean;
  /** Scaled down from 20 s of each minute. */
  listenMs: number;
  pauseMs: number;
}

/** The running ingest. */
export interface OldIngest {
  /** Ids of the messages that reached it. */
  received: number[];
  /** What was said of those that it could not store. */
  failed: string[];
  /** How many of them wait to be stored. */
  waiting(): number;
  /** How often it was not listening. */
  gaps(): number;
  /** Resolves when it listens again. */
  listening(): Promise<void>;
  /** After its window, with everything stored. */
  stop(): Promise<void>;
}

export function startOldIngest(options: OldIngestOptions): OldIngest {
  const { brokerUrl, databaseUrl, ensure, transaction, listenMs, pauseMs } = options;
  const received: number[] = [];
  const failed: string[] = [];
  let stopping = false;
  let gaps = 0;
  let isListening = false;
  const waiting: [string, string][] = [];

  const store = async (database: pg.Client, topic: string, text: string) => {
    try {
      if (transaction) await database.query('begin');
      for (const statement of ensure) await database.query(statement);
      await database.query('insert into telemetry (topic, payload_text) values ($1, $2)', [topic, text]);
      if (transaction) await database.query('commit');
    } catch (error) {
      failed.push(`${text}: ${(error as Error).message}`);
      if (transaction) await database.query('rollback').catch(() => {});
    }
  };

  const listenOnce = async () => {
    const database = new pg.Client(databaseUrl);
    database.on('error', () => {});
    await database.connect();
    const client = await mqtt.connectAsync(brokerUrl, {
      clientId: `mqttjs_${randomBytes(4).toString('hex')}`,
      clean: true,
      reconnectPeriod: 0,
    });
    client.on('message', (topic, payload) => {
      received.push(Number(payload));
      waiting.push([topic, payload.toString()]);
    });
    await client.subscribeAsync(['devices/+/#', 'device/+/#'], { qos: 0 });
    isListening = true;
    const until = Date.now() + listenMs;
    while (client.connected || waiting.length > 0) {
      const next = waiting.shift();
      if (next) await store(database, ...next);
      else await sleep(5);
      if (client.connected && (stopping || Date.now() > until)) {
        isListening = false;
        gaps += 1;
        await client.endAsync();
      }
    }
    await database.end();
  };

  const running = (async () => {
    while (!stopping) {
      await listenOnce();
      if (!stopping) await sleep(pauseMs);
    }
  })();
  return {
    received,
    failed,
    gaps: () => gaps,
    waiting: () => waiting.length,
    listening: async () => {
      while (!isListening) await sleep(5);
    },
    stop: () => {
      stopping = true;
      return running;
    },
  };
}
