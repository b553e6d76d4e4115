// The compared collectors: ours, and two others. bounds.ts has the limits that none of them can exceed.
import { fileURLToPath } from 'node:url';
import { startChild, stopChild } from '../../lab/child.ts';
import { INGEST_BUNDLE } from '../../lab/ingest-worker.ts';
import type { Collector, CollectorOptions } from '../support/collectors.ts';
import { READINGS, type Table, TELEMETRY } from '../support/stage.ts';
import { startTelegraf } from '../support/telegraf.ts';

/** A collector that is measured. */
export interface Contender {
  name: string;
  table: Table;
  /** Part of the messages it gets: all, unless it would take minutes. */
  part: number;
  start(options: CollectorOptions): Collector;
}

/** The deployed bundle as a worker. @param nodeOptions for Node itself. */
export const ours = (nodeOptions: string[] = []): Contender => ({
  name: 'ours',
  table: TELEMETRY,
  part: 1,
  start: ({ broker, databaseUrl, gateKey, log }) => {
    const child = startChild(process.execPath, [...nodeOptions, INGEST_BUNDLE, '--mode', 'worker'], {
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env.PATH,
        MQTT_CLIENT_ID: 'bench',
        MQTT_BROKER_CA: broker.caFile,
        MQTT_BROKER_URL: `mqtts://${broker.host}:${broker.port}`,
        MQTT_BROKER_USERNAME: broker.username,
        MQTT_BROKER_PASSWORD: broker.password,
        MQTT_GATE_KEY: gateKey,
        EXTERNAL_DATABASE_CONNECTION_STRING: databaseUrl,
      },
    });
    return { pid: child.pid as number, stop: () => stopChild(child) };
  },
});

/** @param program Telegraf's. */
export const telegraf = (program: string): Contender => ({
  name: 'telegraf',
  table: READINGS,
  part: 1,
  start: (options) => startTelegraf(program, options),
});

export const TUTORIAL: Contender = {
  name: 'tutorial',
  table: READINGS,
  part: 0.1,
  start: ({ broker, databaseUrl, log }) => {
    const script = fileURLToPath(new URL('../support/tutorial.ts', import.meta.url));
    const child = startChild(process.execPath, [script], {
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env.PATH,
        MQTT_URL: `mqtts://${broker.host}:${broker.port}`,
        MQTT_CA: broker.caFile,
        MQTT_USERNAME: broker.username,
        MQTT_PASSWORD: broker.password,
        DATABASE_URL: databaseUrl,
      },
    });
    return { pid: child.pid as number, stop: () => stopChild(child) };
  },
};
