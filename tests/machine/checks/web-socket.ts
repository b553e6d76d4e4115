// MQTT over WebSocket, which an environment may switch on: as strict as the listener that is always there.
import { X509Certificate } from 'node:crypto';
import { SECRETS } from '../../../stacks/tables/secrets.ts';
import { issueForBroker, makeTestBundle } from '../environment.ts';
import { type Check, expect, type Machine } from '../machine.ts';
import { arrived, connect, inbox, letIngestComeBy, logins, refusal } from '../mqtt.ts';
import { apply, first, upload } from './bundle.ts';
import { untilServed } from './certificates.ts';
import { scan } from './scan.ts';
import { handshake } from './tls.ts';

/** `webSocket` and `https`. */
const PORTS = [9001, 443];
const TOPIC = 'tenants/acme/devices/pump-1/telemetry';

/** Where a client connects, by port. */
const over = ({ host }: Machine, port: number, scheme = 'wss') => ({ address: `${scheme}://${host}:${port}/mqtt` });

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
        const device = await connect(machine, acme, over(machine, port));
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
      const other = await issueForBroker();
      for (const port of PORTS) {
        await (await connect(machine, acme, over(machine, port))).endAsync();
        const there = over(machine, port);
        const refusals = {
          'no name': [/^135: /, await refusal(machine, {}, there)],
          'a wrong key': [/^135: /, await refusal(machine, { ...acme, password: 'wrong' }, there)],
          'another CA': [/unable to verify/, await refusal(machine, acme, { ...there, ca: other.certificate })],
          'no TLS': [/socket hang up|ECONNRESET/, await refusal(machine, acme, over(machine, port, 'ws'))],
        } satisfies Record<string, [RegExp, string]>;
        for (const [what, [expected, reason]] of Object.entries(refusals)) {
          expect(expected.test(reason), `${what} on ${port}: ${reason}`);
        }
        const old = await handshake(machine, '-tls1_1 -cipher ALL:@SECLEVEL=0', `${machine.host}:${port}`);
        expect(old.code !== 0 && /alert (protocol version|handshake failure)/.test(old.stderr), old.stderr);
        const stranger = await connect(machine, globex, over(machine, port));
        const [granted] = await stranger.subscribeAsync(TOPIC, { qos: 1 }).catch(() => [{ qos: 128 }]);
        const heard = inbox(stranger);
        const device = await connect(machine, acme, over(machine, port));
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
