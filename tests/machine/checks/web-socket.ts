// MQTT over WebSocket, which an environment may switch on: as strict as the listener that is always there.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { SECRETS } from '../../../stacks/secrets.ts';
import { issueForBroker, makeTestBundle } from '../environment.ts';
import { type Check, expect, type Machine } from '../machine.ts';
import { arrived, connect, inbox, type Login, letIngestComeBy, logins } from '../mqtt.ts';
import { apply, first, upload } from './bundle.ts';
import { untilServed } from './certificates.ts';
import { scan } from './scan.ts';
import { handshake } from './tls.ts';

/** `webSocket` and `https`. */
const PORTS = [9001, 443];
const TOPIC = 'tenants/acme/devices/pump-1/telemetry';

const open = ({ host, files }: Machine, port: number, login: Login, options: IClientOptions = {}) =>
  connectAsync(
    `wss://${host}:${port}/mqtt`,
    { ...login, ca: readFileSync(files.caFile), reconnectPeriod: 0, connectTimeout: 10_000, ...options },
    false,
  );

/** Why a client is not let in. @throws Error when it is. */
async function refusal(opening: Promise<MqttClient>): Promise<string> {
  const client = await opening.catch((error: Error) => error);
  if (client instanceof Error) return client.message;
  await client.endAsync();
  throw new Error('it was let in');
}

export const checks: Check[] = [
  {
    name: 'switched on: 443 and 9001 are open, too, and what a device publishes there arrives',
    disturbs: true,
    run: async (machine) => {
      await letIngestComeBy(machine);
      const { code, stdout } = await apply(machine, upload(machine, makeTestBundle({ webSocket: true, https: true })));
      expect(code === 0 && stdout.includes('broker restarted'), stdout);
      const { open: found } = await scan(machine, 'outsider', '-sS', 'v4');
      expect(found === '443 8883 9001', `an outsider finds ${found}`);
      for (const port of PORTS) {
        const { code: closed } = await machine.outsider(`nc -z -w 5 ${machine.addresses.machine.v6} ${port}`);
        expect(closed === 0, `${port} is closed on IPv6`);
      }
      const { acme, ingest } = logins(machine);
      const reader = await connect(machine, ingest);
      const topics = inbox(reader);
      await reader.subscribeAsync('tenants/+/devices/+/telemetry', { qos: 1 });
      for (const port of PORTS) {
        const device = await open(machine, port, acme);
        await device.publishAsync(TOPIC, '{"value":1}', { qos: 1 });
        await arrived(reader, topics, TOPIC);
        topics.length = 0;
        await device.endAsync();
      }
      await reader.endAsync();
      return undefined;
    },
  },
  {
    name: 'WebSocket: no name, a wrong key, no TLS, TLS 1.1, another CA and another tenant’s topic are refused',
    disturbs: true,
    run: async (machine) => {
      const { acme, globex } = logins(machine);
      for (const port of PORTS) {
        await (await open(machine, port, acme)).endAsync();
        expect(/Not authorized|Bad username/i.test(await refusal(open(machine, port, {}))), 'no name');
        const impostor = { ...acme, password: 'wrong' };
        expect(/Not authorized|Bad username/i.test(await refusal(open(machine, port, impostor))), 'a wrong key');
        const old = await handshake(machine, '-tls1_1 -cipher ALL:@SECLEVEL=0', `${machine.host}:${port}`);
        expect(old.code !== 0 && /alert (protocol version|handshake failure)/.test(old.stderr), old.stderr);
        await refusal(open(machine, port, acme, { ca: (await issueForBroker()).certificate }));
        await refusal(connectAsync(`ws://${machine.host}:${port}/mqtt`, { ...acme, reconnectPeriod: 0 }, false));
        const stranger = await open(machine, port, globex);
        const [granted] = await stranger.subscribeAsync(TOPIC, { qos: 1 }).catch(() => [{ qos: 128 }]);
        const heard = inbox(stranger);
        const device = await open(machine, port, acme);
        await device.publishAsync(TOPIC, '{"value":2}', { qos: 1 });
        await device.endAsync();
        await stranger.publishAsync('tenants/globex/devices/meter-1/telemetry', '{"value":3}', { qos: 1 });
        await stranger.endAsync();
        expect(heard.length === 0, `another tenant hears ${heard} (granted ${granted?.qos})`);
      }
      return undefined;
    },
  },
  {
    name: 'WebSocket: a renewed certificate is served there as well, by the broker that runs',
    disturbs: true,
    run: async (machine) => {
      // Since its start nobody has come by WebSocket: what the broker knows of that listener then is the least.
      await machine.exec('systemctl restart mosquitto', { timeoutMs: 60_000 });
      await letIngestComeBy(machine);
      const pid = async () => (await machine.exec('systemctl show -P MainPID mosquitto')).stdout;
      const before = await pid();
      const next = await issueForBroker();
      machine.services.azure.secrets.set(SECRETS.certificate, next.certificate);
      machine.services.azure.secrets.set(SECRETS.key, next.key);
      const { code, stderr } = await machine.exec('systemctl restart certificate-deploy.service', {
        timeoutMs: 60_000,
      });
      expect(code === 0, stderr);
      const { fingerprint } = new X509Certificate(next.certificate);
      for (const port of [8883, ...PORTS])
        await untilServed(machine, (served) => served.fingerprint === fingerprint, { port });
      expect((await pid()) === before, 'the broker was restarted');
      return undefined;
    },
  },
  {
    name: 'switched off again: nothing is left of it',
    disturbs: true,
    run: async (machine) => {
      const { code, stdout } = await apply(machine, first(machine));
      expect(code === 0, stdout);
      const { open: found, closed } = await scan(machine, 'outsider', '-sS', 'v4');
      expect(found === '8883' && closed === 0, `an outsider finds ${found}, and ${closed} closed`);
      const { stdout: capabilities } = await machine.exec('systemctl show -P AmbientCapabilities mosquitto');
      expect(capabilities.trim() === '', `the broker has ${capabilities}`);
      return undefined;
    },
  },
];
