// What firmware, gateways and collectors publish as they come, and what becomes of it. The forms are the sources'; names and values
// are ours. A base topic, prefix or "full topic" of the device is set to its telemetry topic, unless a case says otherwise.
import type { ReadingRules } from '../../domain/messages-limits.ts';

/** One message of a device. */
export interface CorpusCase {
  maker: string;
  /** Where the form is described. */
  source: string;
  what: string;
  /** Below the telemetry topic. Default: the topic itself. */
  field?: string;
  payload: string | Buffer;
  /** Default: 4, as nearly all firmware has. */
  protocol?: 3 | 4 | 5;
  /** Default: 1. */
  qos?: 0 | 1;
  retain?: boolean;
  contentType?: string;
  /** What its tenant has set for it. */
  rules?: Partial<ReadingRules>;
  /** Rows, and the time of each in milliseconds when the device gives it. */
  stored?: { payload: unknown; ts?: number }[];
  /** The dead letter, and a word that its explanation has. */
  letter?: { reason: string; detail: string };
}

/** A time shortly before the test runs, whole seconds. */
export const SENT = Math.floor(Date.now() / 1000) - 90;
const iso = (offset: string, hours = 0) =>
  new Date((SENT + hours * 3600) * 1000).toISOString().replace('.000Z', offset);
const at = SENT * 1000;

const TASMOTA = 'https://tasmota.github.io/docs/MQTT/, /Commands/ (Time), /AM2301/';
const ESPHOME = 'https://esphome.io/components/mqtt.html';
const SHELLY1 = 'https://shelly-api-docs.shelly.cloud/gen1/#mqtt-support';
const SHELLY2 = 'https://shelly-api-docs.shelly.cloud/gen2/General/Notifications';
const Z2M = 'https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html';
const PUBSUB = 'https://github.com/knolleary/pubsubclient (QoS 0, 256 bytes, keep-alive 15)';
const UMQTT = 'https://github.com/micropython/micropython-lib/tree/master/micropython/umqtt.simple';
const TELEGRAF = 'https://docs.influxdata.com/telegraf/v1/output-plugins/mqtt, data-formats/output/json';
const STATESTREAM = 'https://www.home-assistant.io/integrations/mqtt_statestream/';
const CHIRPSTACK = 'https://www.chirpstack.io/docs/chirpstack/integrations/events.html';
const RTL433 = 'https://github.com/merbanan/rtl_433/blob/master/docs/DATA_FORMAT.md';
const OMG = 'https://docs.openmqttgateway.com/ (BTtoMQTT)';
const ESPURNA = 'https://github.com/xoseperez/espurna/wiki/MQTT (single JSON payload)';
const SENML = 'https://www.rfc-editor.org/rfc/rfc8428 (5.1)';

export const CORPUS: CorpusCase[] = [
  {
    maker: 'Tasmota',
    source: TASMOTA,
    what: 'SENSOR with local time, which names no instant: the time it came',
    field: 'SENSOR',
    payload: `{"Time":"${iso('', 1)}","AM2301":{"Temperature":22.5,"Humidity":48.0},"TempUnit":"C"}`,
    stored: [{ payload: { SENSOR: { Time: iso('', 1), AM2301: { Temperature: 22.5, Humidity: 48 }, TempUnit: 'C' } } }],
  },
  {
    maker: 'Tasmota',
    source: TASMOTA,
    what: 'SENSOR after "Time 1", with Epoch',
    field: 'SENSOR',
    qos: 0,
    payload: `{"Time":"${iso('', 1)}","Epoch":${SENT},"ENERGY":{"Power":41,"Total":3.071}}`,
    rules: { timeMembers: ['Epoch'] },
    stored: [{ ts: at, payload: { SENSOR: { Time: iso('', 1), Epoch: SENT, ENERGY: { Power: 41, Total: 3.071 } } } }],
  },
  {
    maker: 'Tasmota',
    source: TASMOTA,
    what: 'local time that its tenant takes for the time',
    field: 'SENSOR',
    payload: `{"Time":"${iso('', 1)}","DS18B20":{"Temperature":19.1}}`,
    rules: { timeMembers: ['Time'] },
    letter: { reason: 'bad-timestamp', detail: 'it has no offset' },
  },
  {
    maker: 'Tasmota',
    source: TASMOTA,
    what: 'a clock before its first NTP answer',
    field: 'STATE',
    payload: '{"Time":"1970-01-01T00:00:12","Epoch":12,"Uptime":"0T00:00:12","POWER":"OFF"}',
    rules: { timeMembers: ['Epoch'], repairsClock: true },
    stored: [{ payload: { STATE: { Time: '1970-01-01T00:00:12', Epoch: 12, Uptime: '0T00:00:12', POWER: 'OFF' } } }],
  },
  {
    maker: 'Tasmota',
    source: TASMOTA,
    what: 'LWT, retained',
    field: 'LWT',
    payload: 'Online',
    retain: true,
    stored: [{ payload: { LWT: 'Online' } }],
  },
  {
    maker: 'Tasmota',
    source: TASMOTA,
    what: 'a switch that reports itself',
    field: 'POWER1',
    payload: 'ON',
    stored: [{ payload: { POWER1: 'ON' } }],
  },
  {
    maker: 'ESPHome',
    source: ESPHOME,
    what: 'a sensor’s state',
    field: 'sensor/outside_temperature/state',
    payload: '-3.25',
    qos: 0,
    retain: true,
    stored: [{ payload: { 'sensor/outside_temperature/state': -3.25 } }],
  },
  {
    maker: 'ESPHome',
    source: ESPHOME,
    what: 'a sensor without a value',
    field: 'sensor/co2/state',
    payload: 'nan',
    stored: [{ payload: { 'sensor/co2/state': 'nan' } }],
  },
  {
    maker: 'ESPHome',
    source: ESPHOME,
    what: 'birth message',
    field: 'status',
    payload: 'online',
    retain: true,
    stored: [{ payload: { status: 'online' } }],
  },
  {
    maker: 'ESPHome',
    source: ESPHOME,
    what: 'a light’s state',
    field: 'light/desk/state',
    payload: '{"color_mode":"rgb","state":"ON","brightness":178,"color":{"r":255,"g":120,"b":0}}',
    stored: [
      {
        payload: {
          'light/desk/state': { color_mode: 'rgb', state: 'ON', brightness: 178, color: { r: 255, g: 120, b: 0 } },
        },
      },
    ],
  },
  {
    maker: 'Shelly Gen1',
    source: SHELLY1,
    what: 'a relay’s power',
    field: 'relay/0/power',
    payload: '63.42',
    qos: 0,
    stored: [{ payload: { 'relay/0/power': 63.42 } }],
  },
  {
    maker: 'Shelly Gen1',
    source: SHELLY1,
    what: 'a relay',
    field: 'relay/0',
    payload: 'off',
    stored: [{ payload: { 'relay/0': 'off' } }],
  },
  {
    maker: 'Shelly Gen2',
    source: SHELLY2,
    what: 'NotifyStatus, whose "id" is the switch and whose time is inside',
    field: 'events/rpc',
    payload: `{"src":"plug-7","dst":"x/events","method":"NotifyStatus","params":{"ts":${SENT}.25,"switch:0":{"id":0,"apower":12.6}}}`,
    rules: { timeMembers: ['params.ts'] },
    stored: [
      {
        ts: at + 250,
        payload: {
          'events/rpc': {
            src: 'plug-7',
            dst: 'x/events',
            method: 'NotifyStatus',
            params: { ts: SENT + 0.25, 'switch:0': { id: 0, apower: 12.6 } },
          },
        },
      },
    ],
  },
  {
    maker: 'Shelly Gen2',
    source: SHELLY2,
    what: 'a component’s status',
    field: 'status/switch:0',
    payload: '{"id":0,"source":"timer","output":true,"apower":8.1,"voltage":231.4}',
    stored: [{ payload: { 'status/switch:0': { id: 0, source: 'timer', output: true, apower: 8.1, voltage: 231.4 } } }],
  },
  {
    maker: 'Zigbee2MQTT',
    source: Z2M,
    what: 'a sensor in a folder, with last_seen in ISO 8601',
    field: 'cellar/climate',
    payload: `{"battery":91,"humidity":61.2,"last_seen":"${iso('+01:00', 1)}","linkquality":102,"temperature":14.9}`,
    rules: { timeMembers: ['last_seen'] },
    stored: [
      {
        ts: at,
        payload: {
          'cellar/climate': {
            battery: 91,
            humidity: 61.2,
            last_seen: iso('+01:00', 1),
            linkquality: 102,
            temperature: 14.9,
          },
        },
      },
    ],
  },
  {
    maker: 'Zigbee2MQTT',
    source: Z2M,
    what: 'last_seen as epoch milliseconds',
    field: 'door',
    payload: `{"contact":false,"last_seen":${at + 7},"linkquality":87}`,
    rules: { timeMembers: ['last_seen'] },
    stored: [{ ts: at + 7, payload: { door: { contact: false, last_seen: at + 7, linkquality: 87 } } }],
  },
  {
    maker: 'Zigbee2MQTT',
    source: Z2M,
    what: 'the bridge’s state',
    field: 'bridge/state',
    payload: '{"state":"online"}',
    stored: [{ payload: { 'bridge/state': { state: 'online' } } }],
  },
  {
    maker: 'Zigbee2MQTT',
    source: Z2M,
    what: 'the list of devices: a reading each',
    field: 'bridge/devices',
    protocol: 5,
    payload: '[{"ieee_address":"0x01","type":"Router"},{"ieee_address":"0x02","type":"EndDevice"}]',
    stored: [
      { payload: { 'bridge/devices': { ieee_address: '0x01', type: 'Router' } } },
      { payload: { 'bridge/devices': { ieee_address: '0x02', type: 'EndDevice' } } },
    ],
  },
  {
    maker: 'PubSubClient',
    source: PUBSUB,
    what: 'dtostrf with leading spaces',
    field: 'temperature',
    payload: '  23.40',
    qos: 0,
    stored: [{ payload: { temperature: 23.4 } }],
  },
  {
    maker: 'PubSubClient',
    source: PUBSUB,
    what: 'a whole char array, with the NULs behind the text',
    payload: '{"t":23.4}\0\0\0',
    letter: { reason: 'not-json', detail: 'NUL bytes' },
  },
  {
    maker: 'PubSubClient',
    source: PUBSUB,
    what: 'text that snprintf cut at its buffer',
    payload: '{"node":"attic","temperature":23.4,"hum',
    letter: { reason: 'not-json', detail: 'ends too early' },
  },
  {
    maker: 'PubSubClient',
    source: PUBSUB,
    what: 'a sensor that failed, printed by sprintf',
    payload: '{"t":nan,"h":51}',
    letter: { reason: 'not-json', detail: 'NaN' },
  },
  {
    maker: 'PubSubClient',
    source: PUBSUB,
    what: 'millis() since the start as ts',
    payload: '{"ts":48213,"t":20.5}',
    rules: { repairsClock: true },
    stored: [{ payload: { ts: 48213, t: 20.5 } }],
  },
  {
    maker: 'PubSubClient',
    source: PUBSUB,
    what: 'the same where nobody said so',
    payload: '{"ts":48213,"t":20.5}',
    letter: { reason: 'timestamp-out-of-range', detail: 'may not have been set' },
  },
  {
    maker: 'umqtt.simple',
    source: UMQTT,
    what: 'json.dumps with time.time() of the epoch 2000',
    payload: `{"time":${SENT - 946_684_800},"v":3}`,
    rules: { timeMembers: ['time'], repairsClock: true },
    // A date of 1996: a port whose epoch is 2000 has to add 946684800.
    stored: [{ payload: { time: SENT - 946_684_800, v: 3 } }],
  },
  {
    maker: 'umqtt.simple',
    source: UMQTT,
    what: 'str() of a dict',
    payload: "{'temp': 21, 'ok': True}",
    qos: 0,
    letter: { reason: 'not-json', detail: 'Python' },
  },
  {
    maker: 'umqtt.simple',
    source: UMQTT,
    what: 'one number, published where a reading belongs',
    payload: '21.5',
    letter: { reason: 'not-an-object', detail: 'telemetry/<field>' },
  },
  {
    maker: 'Telegraf',
    source: TELEGRAF,
    what: 'a metric in JSON',
    field: 'host-1/mem',
    qos: 0,
    payload: `{"fields":{"used_percent":41.7},"name":"mem","tags":{"host":"host-1"},"timestamp":${SENT}}`,
    rules: { timeMembers: ['timestamp'] },
    stored: [
      {
        ts: at,
        payload: {
          'host-1/mem': { fields: { used_percent: 41.7 }, name: 'mem', tags: { host: 'host-1' }, timestamp: SENT },
        },
      },
    ],
  },
  {
    maker: 'Telegraf',
    source: TELEGRAF,
    what: 'json_timestamp_units = "1ns"',
    field: 'host-1/mem',
    payload: `{"fields":{"used_percent":41.7},"name":"mem","tags":{},"timestamp":${SENT}000000000}`,
    rules: { timeMembers: ['timestamp'] },
    letter: { reason: 'timestamp-out-of-range', detail: 'nanoseconds' },
  },
  {
    maker: 'Telegraf',
    source: TELEGRAF,
    what: 'line protocol, its default format',
    payload: `mem,host=host-1 used_percent=41.7 ${SENT}000000000`,
    letter: { reason: 'not-json', detail: 'not JSON' },
  },
  {
    maker: 'Home Assistant',
    source: STATESTREAM,
    what: 'a state',
    field: 'sensor/kitchen_power/state',
    payload: '118.0',
    retain: true,
    stored: [{ payload: { 'sensor/kitchen_power/state': 118 } }],
  },
  {
    maker: 'Home Assistant',
    source: STATESTREAM,
    what: 'an attribute, as JSON text',
    field: 'sensor/kitchen_power/unit_of_measurement',
    payload: '"W"',
    stored: [{ payload: { 'sensor/kitchen_power/unit_of_measurement': 'W' } }],
  },
  {
    maker: 'Home Assistant',
    source: STATESTREAM,
    what: 'a state it does not know',
    field: 'sensor/kitchen_power/state',
    payload: 'unavailable',
    stored: [{ payload: { 'sensor/kitchen_power/state': 'unavailable' } }],
  },
  {
    maker: 'ChirpStack',
    source: CHIRPSTACK,
    what: 'an uplink, with nanoseconds and an offset',
    field: 'application/a1/device/70b3/event/up',
    payload: `{"deduplicationId":"5c1d","time":"${iso('.775015237+00:00')}","deviceInfo":{"devEui":"70b3"},"fCnt":4,"object":{"level":7.5}}`,
    rules: { timeMembers: ['time'] },
    stored: [
      {
        ts: at + 775,
        payload: {
          'application/a1/device/70b3/event/up': {
            deduplicationId: '5c1d',
            time: iso('.775015237+00:00'),
            deviceInfo: { devEui: '70b3' },
            fCnt: 4,
            object: { level: 7.5 },
          },
        },
      },
    ],
  },
  {
    maker: 'ChirpStack',
    source: CHIRPSTACK,
    what: 'the same as protobuf',
    field: 'application/a1/device/70b3/event/up',
    payload: Buffer.from('0a2435633164ff8812', 'hex'),
    letter: { reason: 'not-utf8', detail: 'UTF-8' },
  },
  {
    maker: 'rtl_433',
    source: RTL433,
    what: 'an event with "-M time:unix", whose id is the sensor',
    field: 'events',
    protocol: 3,
    payload: `{"time":"${SENT}","model":"Maker-TH","id":37,"channel":2,"battery_ok":1,"temperature_C":17.4}`,
    rules: { timeMembers: ['time'] },
    stored: [
      {
        ts: at,
        payload: {
          events: { time: String(SENT), model: 'Maker-TH', id: 37, channel: 2, battery_ok: 1, temperature_C: 17.4 },
        },
      },
    ],
  },
  {
    maker: 'rtl_433',
    source: RTL433,
    what: 'an event with "-M time:iso:tz"',
    field: 'events',
    payload: `{"time":"${iso('+0100', 1)}","model":"Maker-TH","id":37,"temperature_C":17.7}`,
    rules: { timeMembers: ['time'] },
    stored: [
      { ts: at, payload: { events: { time: iso('+0100', 1), model: 'Maker-TH', id: 37, temperature_C: 17.7 } } },
    ],
  },
  {
    maker: 'rtl_433',
    source: RTL433,
    what: 'its default time, local and with a space',
    field: 'events',
    payload: `{"time":"${iso('', 1).replace('T', ' ')}","model":"Maker-TH","id":37,"temperature_C":17.9}`,
    stored: [
      { payload: { events: { time: iso('', 1).replace('T', ' '), model: 'Maker-TH', id: 37, temperature_C: 17.9 } } },
    ],
  },
  {
    maker: 'rtl_433',
    source: RTL433,
    what: 'a value of a device’s topic',
    field: 'devices/Maker-TH/2/37/temperature_C',
    payload: '17.4',
    stored: [{ payload: { 'devices/Maker-TH/2/37/temperature_C': 17.4 } }],
  },
  {
    maker: 'OpenMQTTGateway',
    source: OMG,
    what: 'a Bluetooth sensor, whose id is its address',
    field: 'BTtoMQTT/A4C138000001',
    payload: '{"id":"A4:C1:38:00:00:01","name":"TH-1","rssi":-71,"tempc":20.9,"hum":47.3,"batt":88}',
    stored: [
      {
        payload: {
          'BTtoMQTT/A4C138000001': {
            id: 'A4:C1:38:00:00:01',
            name: 'TH-1',
            rssi: -71,
            tempc: 20.9,
            hum: 47.3,
            batt: 88,
          },
        },
      },
    ],
  },
  {
    maker: 'OpenMQTTGateway',
    source: OMG,
    what: 'its own state, with UTCtime',
    field: 'SYStoMQTT',
    payload: `{"uptime":86,"version":"v1","freemem":121000,"UTCtime":"${iso('Z')}"}`,
    rules: { timeMembers: ['UTCtime'] },
    stored: [{ ts: at, payload: { SYStoMQTT: { uptime: 86, version: 'v1', freemem: 121000, UTCtime: iso('Z') } } }],
  },
  {
    maker: 'ESPurna',
    source: ESPURNA,
    what: 'one JSON with an id and numbers as text',
    field: 'data',
    qos: 0,
    payload: `{"temperature":"21.4","host":"ESP-01","time":"${iso('', 1).replace('T', ' ')}","mac":"5C:CF","id":12}`,
    stored: [
      {
        payload: {
          data: { temperature: '21.4', host: 'ESP-01', time: iso('', 1).replace('T', ' '), mac: '5C:CF', id: 12 },
        },
      },
    ],
  },
  {
    maker: 'ESPurna',
    source: ESPURNA,
    what: 'a relay',
    field: 'relay/0',
    payload: '1',
    stored: [{ payload: { 'relay/0': 1 } }],
  },
  {
    maker: 'an LwM2M gateway',
    source: SENML,
    what: 'a SenML pack by its content type',
    protocol: 5,
    contentType: 'application/senml+json',
    payload: `[{"bn":"/3303/0/","bt":${SENT},"bu":"Cel","n":"5700","v":21.3},{"n":"5700","t":-5,"v":21.1},{"n":"5701","u":"%RH","vs":"low"}]`,
    stored: [
      { ts: at - 5000, payload: { '/3303/0/5700': 21.1, units: { '/3303/0/5700': 'Cel' } } },
      {
        ts: at,
        payload: {
          '/3303/0/5700': 21.3,
          '/3303/0/5701': 'low',
          units: { '/3303/0/5700': 'Cel', '/3303/0/5701': '%RH' },
        },
      },
    ],
  },
  {
    maker: 'an LwM2M gateway',
    source: SENML,
    what: 'a SenML pack by 3.1.1, without a time',
    payload: '[{"bn":"urn:dev:ow:10e2","n":":voltage","u":"V","v":120.1},{"n":":on","vb":true}]',
    rules: { isSenml: true },
    stored: [
      {
        payload: {
          'urn:dev:ow:10e2:voltage': 120.1,
          'urn:dev:ow:10e2:on': true,
          units: { 'urn:dev:ow:10e2:voltage': 'V' },
        },
      },
    ],
  },
  {
    maker: 'an LwM2M gateway',
    source: SENML,
    what: 'SenML in CBOR',
    protocol: 5,
    contentType: 'application/senml+cbor',
    payload: Buffer.from('81a2006374656d0217', 'hex'),
    letter: { reason: 'unsupported-type', detail: 'application/senml+json' },
  },
  {
    maker: 'an LwM2M gateway',
    source: SENML,
    what: 'a label that must be understood',
    protocol: 5,
    contentType: 'application/senml+json',
    payload: '[{"n":"t","v":1,"x_":2}]',
    letter: { reason: 'bad-senml', detail: 'must be understood' },
  },
  {
    maker: 'a .NET program',
    source: 'https://learn.microsoft.com/dotnet/api/system.text.encoding.utf8',
    what: 'a byte-order mark',
    payload: '\ufeff{"a":1}',
    letter: { reason: 'not-json', detail: 'byte-order mark' },
  },
  {
    maker: 'a Go program',
    source: 'https://pkg.go.dev/time#Time.UnixMicro',
    what: 'microseconds',
    payload: `{"ts":${SENT}000000,"a":1}`,
    letter: { reason: 'timestamp-out-of-range', detail: 'microseconds' },
  },
];
