// Telegraf, the collector to compare with: built from its Go module with only what is used, and kept in the user's cache.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startChild, stopChild } from '../../lab/child.ts';
import type { Collector, CollectorOptions } from './collectors.ts';

const VERSION = 'v1.37.2';
/** The plugins that are compiled in (its docs/CUSTOMIZATION.md); all of them are 300 MB and many minutes. */
const TAGS = 'custom,inputs.mqtt_consumer,outputs.postgresql,parsers.json';
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mqtt-saas');
/** Go's installer puts it here, whatever the PATH is. */
const GO_PATH = `${process.env.PATH}:/usr/local/go/bin`;

/** The program, built when it is not in the cache; or why there is none. */
export async function findTelegraf(say: (line: string) => void): Promise<{ program: string } | { missing: string }> {
  const program = join(CACHE, `telegraf-${VERSION}`);
  if (existsSync(program)) return { program };
  const run = (args: string[], env = {}) =>
    promisify(execFile)('go', args, { env: { ...process.env, PATH: GO_PATH, ...env }, maxBuffer: 2 ** 26 });
  try {
    await run(['version']);
  } catch {
    return { missing: 'Go is not installed, with which it would be built' };
  }
  say(`building Telegraf ${VERSION} (some minutes, once) …`);
  const beside = `${program}.${process.pid}.new`;
  mkdirSync(beside, { recursive: true });
  try {
    const flags = ['-trimpath', '-ldflags', '-s -w', '-tags', TAGS];
    await run(['install', ...flags, `github.com/influxdata/telegraf/cmd/telegraf@${VERSION}`], { GOBIN: beside });
    renameSync(join(beside, 'telegraf'), program);
    return { program };
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    return { missing: `it could not be built: ${said ?? (error as Error).message}` };
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

// As large as it gains from: with 1,000 unwritten messages, the default, it waits for its own flush interval.
const BATCH = 5000;
const UNDELIVERED = 20_000;

/**
 * Starts it. The metric's fields go into a jsonb column of their own, as its output offers; id and time are taken out of
 * the reading, tenant and device out of the topic.
 * @param flushInterval how often it writes an incomplete batch, such as `200ms`.
 */
export function startTelegraf(program: string, options: CollectorOptions, flushInterval = '1s'): Collector {
  const file = join(options.dir, 'telegraf.conf');
  writeFileSync(file, config(options, flushInterval), { mode: 0o600 });
  const child = startChild(program, ['--config', file], {
    stdio: ['ignore', options.log, options.log],
    env: { PATH: process.env.PATH, MQTT_PASSWORD: options.broker.password, DATABASE_URL: options.databaseUrl },
  });
  return { pid: child.pid as number, stop: () => stopChild(child) };
}

function config({ broker, table }: CollectorOptions, flushInterval: string): string {
  return `
[agent]
  metric_batch_size = ${BATCH}
  metric_buffer_limit = ${UNDELIVERED * 5}
  flush_interval = "${flushInterval}"
  omit_hostname = true

[[inputs.mqtt_consumer]]
  servers = ["ssl://127.0.0.1:${broker.port}"]
  tls_ca = "${broker.caFile}"
  username = "${broker.username}"
  password = "\${MQTT_PASSWORD}"
  client_id = "${broker.clientId}"
  topics = ["tenants/+/devices/+/telemetry"]
  topic_tag = ""
  qos = 1
  persistent_session = true
  max_undelivered_messages = ${UNDELIVERED}
  data_format = "json"
  tag_keys = ["id"]
  json_time_key = "ts"
  json_time_format = "unix_ms"
  json_string_fields = ["state"]
  name_override = "${table.name}"
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "tenants/+/devices/+/telemetry"
    tags = "_/tenant/_/device/_"

[[outputs.postgresql]]
  connection = "\${DATABASE_URL}"
  schema = "${table.schema}"
  fields_as_jsonb = true
  timestamp_column_name = "ts"
  timestamp_column_type = "timestamp with time zone"
  create_templates = []
  add_column_templates = []
`;
}
