// How a device connects, for each kind of program: it publishes a reading, and receives and acknowledges a command. The key is on no
// command line: other programs on the machine can read command lines, and a shell keeps them in its history.
import type { DeviceAccess } from './access.ts';

/** Stands where the key goes when it is not known. */
export const KEY_PLACEHOLDER = 'YOUR-DEVICE-KEY';

/** The settings file of mosquitto_pub and mosquitto_sub: one option a line. `ca.pem` lies where the command runs. */
export function mosquittoSettings({ host, port, username, key, hasPrivateCa }: DeviceAccess): string {
  const trust = hasPrivateCa ? '--cafile ca.pem' : '--tls-use-os-certs';
  return [`-h ${host}`, `-p ${port}`, trust, '-V mqttv5', `-u ${username}`, `-P ${key}`, ''].join('\n');
}

/** The name of that file as it is downloaded: another one for each device. */
export const settingsName = ({ username }: DeviceAccess): string => `${username}.conf`;

/** Publishes one reading. Run in the folder that holds the settings file and ca.pem. */
export const mosquittoCommand = (access: DeviceAccess): string => `mkdir -p ${access.username}
cp ${settingsName(access)} ${access.username}/mosquitto_pub
XDG_CONFIG_HOME=$PWD/${access.username} mosquitto_pub -q 1 -t ${access.topic} -m '{"temperature": 21.5}'
`;

/** Waits for a command, shows and acknowledges it. */
export const mosquittoReceive = (
  access: DeviceAccess,
): string => `cp ${settingsName(access)} ${access.username}/mosquitto_sub
export XDG_CONFIG_HOME=$PWD/${access.username}
command=$(mosquitto_sub -q 1 -C 1 -F '%t %p' -t '${access.prefix}/commands/+')
echo "$command"
topic=\${command%% *}
mosquitto_pub -q 1 -t ${access.prefix}/acks -m "{\\"id\\": \\"\${topic##*/}\\", \\"result\\": \\"done\\"}"
`;

/** The same for PowerShell, which takes the quotation marks out of an argument: payloads go through a pipe. */
export const windowsCommands = (
  access: DeviceAccess,
): string => `# Mosquitto for Windows takes its settings from this folder in this window.
$env:USERPROFILE = "$PWD\\${access.username}"
$env:Path += ";$env:ProgramFiles\\mosquitto"
New-Item -ItemType Directory -Force $env:USERPROFILE | Out-Null
Copy-Item ${settingsName(access)} "$env:USERPROFILE\\mosquitto_pub.conf"
Copy-Item ${settingsName(access)} "$env:USERPROFILE\\mosquitto_sub.conf"

'{"temperature": 21.5}' | mosquitto_pub -q 1 -t ${access.topic} -s

$topic, $command = (mosquitto_sub -q 1 -C 1 -F '%t %p' -t '${access.prefix}/commands/+') -split ' ', 2
$command
$id = ($topic -split '/')[-1]
"{""id"": ""$id"", ""result"": ""done""}" | mosquitto_pub -q 1 -t ${access.prefix}/acks -s
`;

/** A program for Node.js. The key is in its environment. */
export function nodeProgram({ host, port, username, topic, prefix, hasPrivateCa }: DeviceAccess): string {
  return `// npm install mqtt
${hasPrivateCa ? "import { readFileSync } from 'node:fs';\n" : ''}import { connectAsync } from 'mqtt';

const client = await connectAsync('mqtts://${host}:${port}', {
  protocolVersion: 5,
  username: '${username}',
  password: process.env.MQTT_KEY,${hasPrivateCa ? "\n  ca: readFileSync('ca.pem')," : ''}
});
client.on('message', (topic, command) => {
  console.log('command', command.toString());
  const ack = { id: topic.split('/').at(-1), result: 'done' };
  client.publish('${prefix}/acks', JSON.stringify(ack), { qos: 1 });
});
await client.subscribeAsync('${prefix}/commands/+', { qos: 1 });

const reading = { ts: Date.now(), temperature: 21.5 };
await client.publishAsync('${topic}', JSON.stringify(reading), { qos: 1 });
console.log('published; Ctrl-C ends');
`;
}

/** A program for Python 3. The key is in its environment. */
export function pythonProgram({ host, port, username, topic, prefix, hasPrivateCa }: DeviceAccess): string {
  return `# pip install "paho-mqtt>=2"
import json, os, time
import paho.mqtt.client as mqtt


def on_connect(client, userdata, flags, reason, properties):
    if reason.is_failure:
        raise SystemExit(f"refused: {reason}")
    client.subscribe("${prefix}/commands/+", qos=1)
    reading = {"ts": int(time.time() * 1000), "temperature": 21.5}
    client.publish("${topic}", json.dumps(reading), qos=1)


def on_message(client, userdata, message):
    print("command", message.payload.decode())
    ack = {"id": message.topic.split("/")[-1], "result": "done"}
    client.publish("${prefix}/acks", json.dumps(ack), qos=1)


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
client.username_pw_set("${username}", os.environ["MQTT_KEY"])
client.tls_set(${hasPrivateCa ? '"ca.pem"' : ''})
client.on_connect = on_connect
client.on_message = on_message
client.connect("${host}", ${port})
client.loop_forever()
`;
}

/** A sketch for the Arduino core for ESP32, with the MQTT client that the core brings: PubSubClient publishes with QoS 0 only. */
export function arduinoSketch({ host, port, username, key, prefix, hasPrivateCa }: DeviceAccess): string {
  const trust = hasPrivateCa
    ? ['static const char ca_pem[] = R"(', 'PASTE ca.pem HERE', ')";']
    : ['#include <esp_crt_bundle.h>'];
  return `// Arduino core for ESP32, 3.0 or newer
#include <WiFi.h>
#include <mqtt_client.h>
${trust.join('\n')}

#define DEVICE "${prefix}"

static esp_mqtt_client_handle_t client;

static void on_event(void *, esp_event_base_t, int32_t id, void *data) {
  esp_mqtt_event_handle_t event = (esp_mqtt_event_handle_t)data;
  if (id == MQTT_EVENT_CONNECTED) {
    esp_mqtt_client_subscribe_single(client, DEVICE "/commands/+", 1);
  } else if (id == MQTT_EVENT_DATA && event->topic_len > 0) {
    // The id of the command ends its topic.
    const int before = strlen(DEVICE "/commands/");
    char ack[100];
    Serial.printf("command %.*s\\n", event->data_len, event->data);
    snprintf(ack, sizeof ack, "{\\"id\\": \\"%.*s\\", \\"result\\": \\"done\\"}", event->topic_len - before, event->topic + before);
    esp_mqtt_client_enqueue(client, DEVICE "/acks", ack, 0, 1, 0, true);
  }
}

void setup() {
  Serial.begin(115200);
  WiFi.begin("WIFI-NAME", "WIFI-PASSWORD");
  while (WiFi.status() != WL_CONNECTED) delay(200);
  // The certificate is judged by the clock.
  configTime(0, 0, "pool.ntp.org");
  while (time(nullptr) < 1700000000) delay(200);

  static esp_mqtt_client_config_t config;
  config.broker.address.uri = "mqtts://${host}:${port}";
  ${hasPrivateCa ? 'config.broker.verification.certificate = ca_pem;' : 'config.broker.verification.crt_bundle_attach = esp_crt_bundle_attach;'}
  config.credentials.username = "${username}";
  config.credentials.authentication.password = "${key}";
  config.session.keepalive = 60;
  config.session.disable_clean_session = true;
  client = esp_mqtt_client_init(&config);
  esp_mqtt_client_register_event(client, MQTT_EVENT_ANY, on_event, nullptr);
  esp_mqtt_client_start(client);
}

void loop() {
  char reading[80];
  snprintf(reading, sizeof reading, "{\\"ts\\": %lld, \\"temperature\\": %.1f}", (long long)time(nullptr), 21.5);
  esp_mqtt_client_enqueue(client, DEVICE "/telemetry", reading, 0, 1, 0, true);
  delay(60000);
}
`;
}

/** Telegraf publishes only: reading commands takes a second connection, and that ends the first. */
export const telegrafConfig = ({ host, port, username, topic, hasPrivateCa }: DeviceAccess): string => `[[inputs.cpu]]
  percpu = false

[[outputs.mqtt]]
  servers = ["mqtts://${host}:${port}"]
  protocol = "5"
  topic = "${topic}/{{ .PluginName }}"
  username = "${username}"
  password = "\${MQTT_KEY}"${hasPrivateCa ? '\n  tls_ca = "ca.pem"' : ''}
  qos = 1
  keep_alive = 60
  data_format = "json"
`;

/** A flow for Node-RED: Import, then enter user name and key in the broker's node. One broker node is one connection. */
export function nodeRedFlow({ host, port, topic, prefix, username, hasPrivateCa }: DeviceAccess): string {
  // Ids of their own: Node-RED takes any member that equals a node's id for a reference to it.
  const idOf = (part: string) => `${username}-${part}`;
  const out = { type: 'mqtt out', qos: '1', retain: 'false', broker: idOf('broker'), wires: [] };
  const nodes = [
    { id: idOf('flow'), type: 'tab', label: username },
    {
      id: idOf('tls'),
      type: 'tls-config',
      name: 'ca',
      cert: '',
      key: '',
      ca: hasPrivateCa ? 'ca.pem' : '',
      verifyservercert: true,
    },
    {
      id: idOf('broker'),
      type: 'mqtt-broker',
      name: username,
      broker: host,
      port: String(port),
      tls: idOf('tls'),
      usetls: true,
      protocolVersion: '5',
      keepalive: '60',
      cleansession: true,
      autoConnect: true,
      birthTopic: '',
      closeTopic: '',
      willTopic: '',
    },
    {
      id: idOf('every-minute'),
      type: 'inject',
      z: idOf('flow'),
      x: 120,
      y: 60,
      props: [{ p: 'payload' }],
      payload: '{"temperature": 21.5}',
      payloadType: 'json',
      repeat: '60',
      once: true,
      onceDelay: 1,
      wires: [[idOf('publish')]],
    },
    { ...out, id: idOf('publish'), name: 'reading', z: idOf('flow'), x: 360, y: 60, topic },
    {
      id: idOf('commands'),
      type: 'mqtt in',
      name: 'commands',
      z: idOf('flow'),
      x: 120,
      y: 140,
      topic: `${prefix}/commands/+`,
      qos: '1',
      datatype: 'json',
      broker: idOf('broker'),
      inputs: 0,
      wires: [[idOf('acknowledge')]],
    },
    {
      id: idOf('acknowledge'),
      type: 'function',
      z: idOf('flow'),
      x: 250,
      y: 200,
      func: `return { topic: '${prefix}/acks', payload: { id: msg.topic.split('/').pop(), result: 'done' } };`,
      outputs: 1,
      wires: [[idOf('acks')]],
    },
    { ...out, id: idOf('acks'), name: 'acks', z: idOf('flow'), x: 390, y: 200, topic: '' },
  ];
  return `${JSON.stringify(nodes, null, 1)}\n`;
}

/** Home Assistant: the broker is entered in its settings; readings of the named sensors, and a command's acknowledgement. */
export const homeAssistantConfig = ({ topic, prefix }: DeviceAccess): string => `mqtt_statestream:
  base_topic: ${topic}
  include:
    entities:
      - sensor.boiler_temperature

automation:
  - alias: Acknowledge a command
    triggers:
      - trigger: mqtt
        topic: ${prefix}/commands/+
        qos: 1
    actions:
      - action: mqtt.publish
        data:
          topic: ${prefix}/acks
          qos: 1
          payload: >-
            {"id": "{{ trigger.topic.split('/')[-1] }}", "result": "done"}
`;
