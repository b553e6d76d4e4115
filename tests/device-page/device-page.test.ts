// docs/devices.md is true: the real broker answers as its table says, in both versions of MQTT, and its examples publish.
import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessFor } from '../../apps/dashboard/features/devices/access.ts';
import {
  arduinoSketch,
  homeAssistantConfig,
  mosquittoCommand,
  mosquittoSettings,
  nodeProgram,
  pythonProgram,
  telegrafConfig,
  windowsCommands,
} from '../../apps/dashboard/features/devices/snippets.ts';
import { type BenchBroker, startBenchBroker } from '../../bench/support/broker.ts';
import { type Client, connectClient } from '../../bench/support/mqtt-client.ts';
import { ROOT } from '../../bootstrap/root.mjs';
import { hashKey } from '../../domain/credentials.ts';
import { MAX_DEPTH, MAX_PAYLOAD_BYTES, MAX_READINGS } from '../../domain/messages-limits.ts';
import {
  COMMAND_CHANNEL,
  devicePrefix,
  NO_CHANNEL_FILTER,
  REPORT_FILTERS,
  TELEMETRY_FILTER,
} from '../../domain/topics.ts';
import { findMosquitto } from '../../lab/mosquitto.ts';
import { renderBrokerConfig } from '../../provisioning/broker/config.ts';
import { INGEST_USERNAME } from '../../provisioning/broker/registry.ts';
import { SOURCE_LIMITS } from '../../provisioning/machine/firewall.ts';
import { answers, type Question } from './answers.ts';

const run = promisify(execFile);
const PAGE = readFileSync(join(ROOT, 'docs/devices.md'), 'utf8');
/** The first block of code in a language. */
const block = (language: string) => new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'm').exec(PAGE)?.[1] ?? '';
const OWN = devicePrefix('acme', 'boiler-1');
const CONTROL = 'svc-control';
const OTHER = devicePrefix('acme', 'boiler-2');

/** What ingest subscribes to. */
const FILTERS = [TELEMETRY_FILTER, ...REPORT_FILTERS, NO_CHANNEL_FILTER];

let rig: BenchBroker;
let ingest: Client;
let received: string[] = [];
beforeAll(async () => {
  rig = await startBenchBroker([
    ['acme', 'boiler-1'],
    ['acme', 'boiler-2'],
  ]);
  // All of a rig's accounts have one key.
  const passwordHash = await hashKey(rig.ingest.password);
  rig.broker().sync([
    { kind: 'device', tenant: 'acme', device: 'boiler-1', passwordHash },
    { kind: 'device', tenant: 'acme', device: 'boiler-2', passwordHash },
    { kind: 'service', username: INGEST_USERNAME, purpose: 'ingest', passwordHash },
    { kind: 'service', username: CONTROL, purpose: 'control', passwordHash },
  ]);
  ingest = await connectClient(rig.ingest);
  ingest.onPacket((packet) => packet.cmd === 'publish' && received.push(`${packet.topic} ${packet.payload}`));
  ingest.send({ cmd: 'subscribe', messageId: 1, subscriptions: FILTERS.map((topic) => ({ topic, qos: 1 })) });
});
afterAll(async () => {
  await ingest?.close();
  await rig?.remove();
});

/** Mosquitto before 2.0.15 closes a session that is taken over without a word (its ChangeLog, issue 2607). */
const IS_SILENT = /\b2\.0\.(\d|1[0-4])$/m.test(spawnSync(findMosquitto(), ['-h'], { encoding: 'utf8' }).stdout);
/** A cell of the table as the installed broker answers. */
function answerOf(cell = ''): string {
  const answer = cell.replace(', nothing comes', '');
  return IS_SILENT ? answer.replace('DISCONNECT 0x8e, ', '') : answer;
}

/** What a device of each line of the table does. */
const QUESTIONS: Record<string, Question> = {
  'publishes a reading with QoS 1': { publish: { topic: `${OWN}/telemetry` } },
  'connects with a wrong key': { connect: { password: 'wrong' } },
  'connects as a device that is unknown or disabled': { connect: { username: 'acme.nobody' } },
  'connects without a user name': { connect: { username: undefined, password: undefined } },
  "publishes to another device's topic": { publish: { topic: `${OTHER}/telemetry` } },
  'publishes to an unknown topic below its own': { publish: { topic: `${OWN}/readings` } },
  'publishes a payload that is too large': { publish: { topic: `${OWN}/telemetry`, bytes: MAX_PAYLOAD_BYTES + 1 } },
  'publishes a packet that is too large': {
    publish: { topic: `${OWN}/telemetry`, bytes: MAX_PAYLOAD_BYTES + 4_097, announced: true },
  },
  'publishes with QoS 2': { publish: { topic: `${OWN}/telemetry`, qos: 2 } },
  'subscribes to its own commands': { subscribe: `${OWN}/${COMMAND_CHANNEL}` },
  "subscribes to another device's commands": { subscribe: `${OTHER}/${COMMAND_CHANNEL}` },
  'connects a second time with the same key': { twice: true },
};

describe('what the broker answers', () => {
  const [, section = ''] = /## What the broker answers\n([\s\S]*?)\n\n[^|\n]/.exec(PAGE) ?? [];
  const lines = section
    .split('\n')
    .slice(3)
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));

  it('is asked all that the table tells', () => {
    expect(lines.map(([, what]) => what)).toEqual(Object.keys(QUESTIONS));
  });

  it.each(lines)('%sa device that %s: %s, %s', async (_, what = '', ...told) => {
    for (const [index, version] of ([4, 5] as const).entries()) {
      received = [];
      const answer = await answers(rig.device('acme', 'boiler-1'), version, QUESTIONS[what]!);
      // The broker delivers before it acknowledges the next one: what has not come by then never will.
      await answers(rig.device('acme', 'boiler-2'), version, { publish: { topic: `${OTHER}/telemetry` } });
      await expect.poll(() => received.some((message) => message.startsWith(OTHER))).toBe(true);
      const came = received.some((message) => message.startsWith(OWN)) || received.length > 1;
      const fate = QUESTIONS[what]!.publish && !came ? ', dropped' : '';
      expect(`MQTT ${version}: ${answer}${fate}`).toBe(`MQTT ${version}: ${answerOf(told[index])}`);
    }
  });

  it('gives a device its own commands, and nothing of those of another', async () => {
    const device = await connectClient(rig.device('acme', 'boiler-1'));
    const came: string[] = [];
    const subscribed = Promise.withResolvers<void>();
    device.onPacket((packet) => {
      if (packet.cmd === 'suback') subscribed.resolve();
      if (packet.cmd === 'publish') came.push(`${packet.topic} ${packet.payload}`);
    });
    const topics = [`${OTHER}/${COMMAND_CHANNEL}`, `${OWN}/${COMMAND_CHANNEL}`];
    const subscriptions = topics.map((topic) => ({ topic, qos: 1 as const }));
    device.send({ cmd: 'subscribe', messageId: 1, subscriptions });
    await subscribed.promise;
    const control = await connectClient({ ...rig.ingest, username: CONTROL, clientId: CONTROL });
    for (const [index, topic] of topics.entries()) {
      control.send({ cmd: 'publish', topic, payload: '{}', qos: 1, messageId: index + 1, dup: false, retain: false });
    }
    await expect.poll(() => came).toEqual([`${OWN}/${COMMAND_CHANNEL} {}`]);
    await Promise.all([device.close(), control.close()]);
  });
});

describe('the limits', () => {
  const config = renderBrokerConfig({
    port: 1,
    certificateFile: '/c',
    keyFile: '/k',
    gateFile: '/g',
    registryFile: '/r',
    stampKeyFile: '/s',
    persistenceDir: '/d',
  });

  it.each([
    [`payload | ${MAX_PAYLOAD_BYTES / 1024} KiB`],
    [`nesting | ${MAX_DEPTH} levels`],
    [`readings in a message | ${MAX_READINGS.toLocaleString('en')} `],
    [`up to ${/^persistent_client_expiration (\d+)d$/m.exec(config)?.[1]} days`],
    [`${SOURCE_LIMITS.connections} connections at a time, ${SOURCE_LIMITS.connectionsPerSecond} new ones a second`],
    [`${SOURCE_LIMITS.kibPerSecond} KiB a second`],
  ])('%s', (text) => expect(PAGE).toContain(text));
});

describe('the examples', () => {
  const access = accessFor('acme', 'boiler-1', 'KEY', { host: 'broker.example.com', port: 8883, hasPrivateCa: true });

  it('are what the dashboard shows, whose own test runs them', () => {
    expect(block('text')).toBe(mosquittoSettings(access));
    expect(block('sh')).toBe(mosquittoCommand(access));
    expect(block('powershell')).toBe(windowsCommands(access));
    expect(block('js')).toBe(nodeProgram(access));
    expect(block('python')).toBe(pythonProgram(access));
    expect(block('cpp')).toBe(arduinoSketch(access));
    expect(block('toml')).toBe(telegrafConfig(access));
    expect(block('yaml')).toBe(homeAssistantConfig(access));
  });

  it('mosquitto_sub acknowledges a command, and reports what is desired', async () => {
    received = [];
    const device = rig.device('acme', 'boiler-1');
    const folder = join(rig.dir, 'bash');
    mkdirSync(folder);
    copyFileSync(device.caFile, join(folder, 'ca.pem'));
    const here = block('text')
      .replaceAll('broker.example.com', device.host)
      .replaceAll('8883', String(device.port))
      .replace('-P KEY', `-P ${device.password}`);
    mkdirSync(join(folder, 'acme.boiler-1'));
    for (const name of ['mosquitto_pub', 'mosquitto_sub'])
      writeFileSync(join(folder, 'acme.boiler-1', name), here, { mode: 0o600 });
    const control = await connectClient({ ...rig.ingest, username: CONTROL, clientId: CONTROL });
    let answer: number | undefined;
    control.onPacket((packet) => {
      if (packet.cmd === 'puback') answer = packet.reasonCode ?? 0;
    });
    const send = async (channel: string, payload: string, retain = false) => {
      answer = undefined;
      control.send({ cmd: 'publish', topic: `${OWN}/${channel}`, payload, qos: 1, messageId: 1, dup: false, retain });
      await expect.poll(() => answer).toBeTypeOf('number');
      return answer;
    };
    await send('desired', '{"interval": 60}', true);
    const script = run('bash', ['-e', '-c', block('bash')], { cwd: folder });
    // As the control loop does: until the device is subscribed.
    await expect.poll(() => send('commands/7', '{"on": true}')).toBe(0);
    await script;
    await expect
      .poll(() => received)
      .toEqual([`${OWN}/acks {"id": "7", "result": "done"}`, `${OWN}/reported {"interval": 60}`]);
    await send('desired', '', true);
    await control.close();
  });

  it('ESP32: compiles without a warning', () => {
    const options = ['-x', 'c', '-std=gnu17', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-'];
    const includes = `-I${join(import.meta.dirname, 'esp-idf')}`;
    const compile = (program: string) => spawnSync('gcc', [includes, ...options], { input: program, encoding: 'utf8' });
    const { status, stderr } = compile(block('c'));
    expect(stderr).toBe('');
    expect(status).toBe(0);
    // It would notice: a mistaken argument, and a member that there is not.
    expect(compile(block('c').replace('0, 1, 0, true', '0, 1, true')).status).not.toBe(0);
    expect(compile(block('c').replace('.session.keepalive', '.session.keep_alive')).status).not.toBe(0);
  });
});
