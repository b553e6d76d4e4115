// Shows a device's key once, with a command that publishes a first reading. mosquitto_pub reads its settings from a file, because any
// user of a machine can read the command lines of all programs.
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MQTT_TLS_PORT } from '../domain/ingress.ts';
import { telemetryTopic } from '../domain/topics.ts';
import type { DeviceKey, DeviceName } from '../provisioning/database/registry.ts';
import type { Place } from './target/find.ts';

/** The broker that the device connects to. */
export interface Broker {
  host: string;
  port: number;
  /** CA to trust; undefined: the public authorities. */
  caFile?: string | undefined;
}

/** The broker that devices connect to. Asks Pulumi only if no option says. */
export function brokerOf({ platform }: Place, host: string | undefined): Broker {
  if (!platform || (platform.kind === 'stack' && host)) return { host: host ?? 'BROKER-HOST', port: MQTT_TLS_PORT };
  const { ca, caFile, ...broker } = platform.broker();
  if (platform.kind === 'stack' && ca) {
    console.error(`ca.crt: pulumi stack output brokerCaCertificate --stack ${platform.name} > ca.crt`);
  }
  return { host: host ?? broker.host, port: broker.port, caFile: caFile ?? (ca && 'ca.crt') };
}

/** The settings file of mosquitto_pub and mosquitto_sub: one option per line. */
function publishSettings({ username, key }: DeviceKey, { host, port, caFile }: Broker): string {
  const trust = caFile ? `--cafile ${caFile}` : '--tls-use-os-certs';
  return [`-h ${host}`, `-p ${port}`, trust, '-V mqttv5', `-u ${username}`, `-P ${key}`, ''].join('\n');
}

/** Publishes one reading with these settings. */
const publishLine = ({ tenant, device }: DeviceName) =>
  `mosquitto_pub -q 1 -t ${telemetryTopic(tenant, device)} -m '{"temperature": 21.5}'`;

/** Prints the key and the settings. */
export function showKey(device: DeviceName, made: DeviceKey, broker: Broker): void {
  console.log(`${made.username}: the key, shown this once

  ${made.key}

To publish, put this into ~/.config/mosquitto_pub, readable by you only (umask 077):

${publishSettings(made, broker).replace(/^(?=.)/gm, '  ')}
and run:

  ${publishLine(device)}`);
}

/** Writes the settings as `mosquitto_pub` into an existing folder, for the owner only, and prints the command that uses them. */
export function savePublishSettings(folder: string, device: DeviceName, made: DeviceKey, broker: Broker): void {
  const file = join(resolve(folder), 'mosquitto_pub');
  // Removed first: an existing file would keep its permissions.
  rmSync(file, { force: true });
  writeFileSync(file, publishSettings(made, broker), { mode: 0o600, flag: 'wx' });
  console.log(`${made.username}: the key is in ${file}. To publish a reading:

  XDG_CONFIG_HOME=${resolve(folder)} ${publishLine(device)}`);
}
