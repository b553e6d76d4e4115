// What a device needs to connect, as settings, code and a QR code. The key is on no command line: other programs on
// the machine can read command lines, and a shell keeps them in its history.
import { deviceUsername } from '../../../../domain/identifiers.ts';
import { telemetryTopic } from '../../../../domain/topics.ts';

/** What a device connects with. */
export interface DeviceAccess {
  username: string;
  key: string;
  topic: string;
  host: string;
  port: number;
  /** The broker's certificate is from a private CA, which /api/ca.pem serves. */
  hasPrivateCa: boolean;
}

export interface Place {
  host: string;
  port: number;
  hasPrivateCa: boolean;
}

export const accessFor = (tenant: string, device: string, key: string, place: Place): DeviceAccess => ({
  username: deviceUsername(tenant, device),
  key,
  topic: telemetryTopic(tenant, device),
  ...place,
});

/** The settings file of mosquitto_pub: one option a line. `ca.pem` lies where the command runs. */
export function mosquittoSettings({ host, port, username, key, hasPrivateCa }: DeviceAccess): string {
  const trust = hasPrivateCa ? '--cafile ca.pem' : '--tls-use-os-certs';
  return [`-h ${host}`, `-p ${port}`, trust, '-V mqttv5', `-u ${username}`, `-P ${key}`, ''].join('\n');
}

/** Publishes one reading. Run in the folder that holds the settings file, named `mosquitto_pub`, and ca.pem. */
export const mosquittoCommand = ({ topic }: DeviceAccess): string =>
  `XDG_CONFIG_HOME=$PWD mosquitto_pub -q 1 -t ${topic} -m '{"temperature": 21.5}'`;

/** A program for Node.js. The key is in its environment. */
export function nodeProgram({ host, port, username, topic, hasPrivateCa }: DeviceAccess): string {
  return `// npm install mqtt
${hasPrivateCa ? "import { readFileSync } from 'node:fs';\n" : ''}import { connectAsync } from 'mqtt';

const client = await connectAsync('mqtts://${host}:${port}', {
  protocolVersion: 5,
  username: '${username}',
  password: process.env.MQTT_KEY,${hasPrivateCa ? "\n  ca: readFileSync('ca.pem')," : ''}
});
const reading = { ts: Date.now(), temperature: 21.5 };
await client.publishAsync('${topic}', JSON.stringify(reading), { qos: 1 });
await client.endAsync();
`;
}

/** A program for Python 3. The key is in its environment. */
export function pythonProgram({ host, port, username, topic, hasPrivateCa }: DeviceAccess): string {
  return `# pip install "paho-mqtt>=2"
import json, os, time
import paho.mqtt.client as mqtt

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
client.username_pw_set("${username}", os.environ["MQTT_KEY"])
client.tls_set(${hasPrivateCa ? '"ca.pem"' : ''})
client.connect("${host}", ${port})
client.loop_start()
reading = {"ts": int(time.time() * 1000), "temperature": 21.5}
client.publish("${topic}", json.dumps(reading), qos=1).wait_for_publish()
client.disconnect()
client.loop_stop()
`;
}

/** What the QR code holds: all a device needs, for a set-up program that scans it. */
export const qrText = ({ host, port, username, key, topic }: DeviceAccess): string =>
  JSON.stringify({ url: `mqtts://${host}:${port}`, username, password: key, topic });
