// Two broker machines under load on a drill's network: devices that know one name, an ingest that drains both, and the command that leads
// the name to the other machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issue, makeAuthority } from '../../lab/authority.ts';
import { type IngestWorker, startIngestWorker } from '../../lab/ingest-worker.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { giveToService, makeServiceDir } from '../../lab/unprivileged.ts';
import { INGEST_USERNAME } from '../../provisioning/broker/registry.ts';
import { readRegistry } from '../../provisioning/database/registry.ts';
import { type Cloudflare, startCloudflare } from './cloudflare.ts';
import type { MachineSettings, Order } from './machine.ts';
import { ADDRESSES, inNamespace, makeNetwork, type Network, type Role } from './network.ts';

export const BROKER = 'mqtt.example.test';
const OWN = { primary: 'mqtt-primary.example.test', standby: 'mqtt-standby.example.test' };
const PORT = 8883;

/** A broker machine. */
export interface Machine {
  order(order: Order): Promise<void>;
  /** Starts it again, with what its disk has. */
  start(): Promise<void>;
}

/** What a drill works with. */
export interface Rig {
  lab: Lab;
  network: Network;
  cloudflare: Cloudflare;
  machines: Record<Role, Machine>;
  /** PEM of the authority that devices trust. */
  ca: string;
  /** @param sessions on how many brokers it must have one before this resolves. */
  ingest(sessions?: number): Promise<IngestWorker>;
  /** The environment for the steps of a fail-over, in a process of their own: tests/failover/fail-over.ts. */
  failOverEnvironment(): Record<string, string>;
  stop(): Promise<void>;
}

/** Starts all but ingest. The broker's name leads to the primary. */
export async function startRig(devices: number): Promise<Rig> {
  const lab = await startLab({ devices, broker: false });
  const network = await makeNetwork(join(lab.dir, 'dns'), {
    [BROKER]: ADDRESSES.primary,
    [OWN.primary]: ADDRESSES.primary,
    [OWN.standby]: ADDRESSES.standby,
  });
  const cloudflare = await startCloudflare(network, BROKER);
  const authority = await makeAuthority('drill CA');
  const pair = await issue(authority, [BROKER, OWN.primary, OWN.standby]);
  const stampKey = randomBytes(16).toString('hex');
  const registry = await readRegistry(lab.admin);
  const machine = async (role: Role): Promise<Machine> => {
    const dir = makeServiceDir(join(lab.dir, role));
    const file = (name: string, content: string) => {
      writeFileSync(join(dir, name), content, { mode: 0o600 });
      giveToService(join(dir, name));
      return join(dir, name);
    };
    file('stamp.key', `${stampKey}\n`);
    const settings: MachineSettings = {
      dir,
      port: PORT,
      registry,
      certificateFile: file('broker.pem', pair.certificate),
      keyFile: file('broker.key', pair.key),
    };
    let child: ChildProcess | undefined;
    const start = async () => {
      const [program, ...args] = inNamespace(role, [
        process.execPath,
        join(import.meta.dirname, 'machine.ts'),
        JSON.stringify(settings),
      ]);
      child = spawn(program!, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      const ended = once(child, 'exit').then(() => {
        throw new Error(`the machine ${role} ended`);
      });
      await Promise.race([once(child, 'message'), ended]);
      ended.catch(() => {});
    };
    await start();
    return {
      start,
      order: async (order) => {
        child!.send(order);
        await once(child!, 'message');
        if (order !== 'save') child!.kill();
      },
    };
  };
  const machines = { primary: await machine('primary'), standby: await machine('standby') };
  const caFile = join(lab.dir, 'ca.pem');
  writeFileSync(caFile, authority.certificate);
  const stateFile = join(lab.dir, 'active-broker');
  writeFileSync(stateFile, 'primary');
  const ingestUrl = await lab.login('mqtt_ingest');
  return {
    lab,
    network,
    cloudflare,
    machines,
    ca: authority.certificate,
    ingest: async (wanted = 2) => {
      const ready = Promise.withResolvers<void>();
      let sessions = 0;
      const worker = startIngestWorker({
        onLog: ({ msg }) => {
          sessions += Number(String(msg).startsWith('connected to the broker'));
          if (sessions === wanted) ready.resolve();
        },
        env: {
          EXTERNAL_DATABASE_CONNECTION_STRING: ingestUrl,
          MQTT_CLIENT_ID: 'drill',
          LOG_LEVEL: 'debug',
          MQTT_BROKER_USERNAME: INGEST_USERNAME,
          MQTT_BROKER_PASSWORD: lab.serviceKey,
          MQTT_BROKER_URL: `mqtts://${BROKER}:${PORT}`,
          MQTT_INGEST_URLS: `mqtts://${OWN.primary}:${PORT} mqtts://${OWN.standby}:${PORT}`,
          MQTT_BROKER_CA: caFile,
          MQTT_GATE_KEY: stampKey,
          MQTT_CONTROL_PASSWORD: lab.serviceKey,
        },
        logFile: join(lab.dir, 'ingest.log'),
      });
      await Promise.race([ready.promise, once(worker.child, 'exit')]);
      return worker;
    },
    failOverEnvironment: () => ({
      DATABASE_URL: lab.adminUrl,
      CLOUDFLARE_API_TOKEN: cloudflare.token,
      CLOUDFLARE_BASE_URL: cloudflare.url,
      ACTIVE_BROKER_FILE: stateFile,
      MACHINES: JSON.stringify({
        primary: { host: OWN.primary, address: ADDRESSES.primary },
        standby: { host: OWN.standby, address: ADDRESSES.standby },
      }),
      CA_FILE: caFile,
    }),
    stop: async () => {
      for (const one of Object.values(machines)) await one.order('stop').catch(() => {});
      await cloudflare.stop();
      await lab.stop();
      await network.stop();
    },
  };
}

/** What a device would connect to now. */
export const seenAddress = async (): Promise<string> => (await lookup(BROKER, 4)).address;

/** Lines of ingest's log. */
export const ingestLog = (lab: Lab): string => readFileSync(join(lab.dir, 'ingest.log'), 'utf8');
