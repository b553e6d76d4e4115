// The settings of ingest from Kafka.
import { expect, test } from 'vitest';
import { SettingsError } from './environment.ts';
import { readHealthSettings } from './health.ts';
import { readKafkaSettings, readsKafka } from './kafka.ts';

const DATABASE = { EXTERNAL_DATABASE_CONNECTION_STRING: 'postgres://mqtt_ingest:key@pooler.example.com:6543/postgres' };
const HUB = 'ns.servicebus.windows.net:9093';

test('Event Hubs, with what is left out', () => {
  const account = { KAFKA_USERNAME: '$ConnectionString', KAFKA_PASSWORD: 'Endpoint=sb://x' };
  const settings = readKafkaSettings({ ...DATABASE, KAFKA_BROKERS: HUB, KAFKA_CLIENT_ID: 'w1', ...account });
  expect(settings).toMatchObject({ clientId: 'w1' });
  expect(settings.kafka).toEqual({
    brokers: [HUB],
    topic: 'telemetry',
    group: 'mqtt-ingest',
    clientId: 'w1',
    form: 'plain',
    tls: { ca: undefined },
    account: { username: '$ConnectionString', password: 'Endpoint=sb://x' },
  });
  expect(readHealthSettings({ ...DATABASE, KAFKA_BROKERS: HUB })).toMatchObject({
    broker: { host: 'ns.servicebus.windows.net', port: 9093, tls: true },
  });
});

test('without TLS on loopback alone', () => {
  const tlsOf = (brokers: string) => readKafkaSettings({ ...DATABASE, KAFKA_BROKERS: brokers }).kafka.tls;
  for (const brokers of ['127.0.0.1:9092', 'localhost:1,[::1]:2']) expect(tlsOf(brokers)).toBeUndefined();
  for (const brokers of ['127.0.0.1:9092,kafka:9092', '127.0.0.1.example.com:9092'])
    expect(tlsOf(brokers)).toBeDefined();
});

test('what is wrong is listed, and shows no key', () => {
  const wrong = {
    ...DATABASE,
    KAFKA_BROKERS: 'kafka',
    KAFKA_RECORDS: 'avro',
    KAFKA_TOPIC: 'a b',
    KAFKA_PASSWORD: 'secret',
  };
  expect(() => readKafkaSettings(wrong)).toThrow(SettingsError);
  expect(() => readKafkaSettings(wrong)).toThrow(
    /KAFKA_USERNAME and KAFKA_PASSWORD belong together[\s\S]*KAFKA_BROKERS must be HOST:PORT[\s\S]*KAFKA_TOPIC[\s\S]*KAFKA_RECORDS/,
  );
  expect(() => readKafkaSettings(wrong)).not.toThrow(/secret/);
});

test('is read where brokers are named', () => {
  expect(
    [{}, { KAFKA_BROKERS: '' }, { KAFKA_BROKERS: HUB }, { KAFKA_BROKERS_FILE: '/x' }].map((env) => readsKafka(env)),
  ).toEqual([false, false, true, true]);
});
