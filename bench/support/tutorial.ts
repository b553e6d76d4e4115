// The collector that tutorials show: mqtt.js, and an INSERT for each message when it comes. Nothing waits for the database
// before the broker is told that a message is taken.
import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import pg from 'pg';

const { MQTT_URL = '', MQTT_USERNAME = '', MQTT_PASSWORD = '', MQTT_CA = '', DATABASE_URL } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL });
const client = mqtt.connect(MQTT_URL, {
  protocolVersion: 5,
  clean: false,
  properties: { sessionExpiryInterval: 86_400 },
  clientId: MQTT_USERNAME,
  username: MQTT_USERNAME,
  password: MQTT_PASSWORD,
  ca: readFileSync(MQTT_CA),
});

client.on('connect', () => client.subscribe('tenants/+/devices/+/telemetry', { qos: 1 }));

client.on('message', async (topic, payload) => {
  const [, tenant, , device] = topic.split('/');
  const { id, ts, ...fields } = JSON.parse(payload.toString());
  await pool.query('insert into bench.readings (tenant, device, ts, id, fields) values ($1, $2, $3, $4, $5)', [
    tenant,
    device,
    new Date(ts),
    id,
    fields,
  ]);
});

process.once('SIGTERM', async () => {
  await client.endAsync();
  await pool.end();
});
