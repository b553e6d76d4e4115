// The broker's address, and whether the connection is encrypted.

/** How to reach the broker. */
export interface BrokerAddress {
  host: string;
  /** 1 to 65535. */
  port: number;
  /** False only for loopback. */
  tls: boolean;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1', '[::1]']);

/** Reads a URL such as mqtts://mqtt.example.com:8883. @throws Error that says what to change, and never shows the URL. */
export function readBrokerUrl(text: string): BrokerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.hostname || !['mqtts:', 'mqtt:'].includes(url.protocol)) {
    throw new Error('must be a URL such as mqtts://mqtt.example.com:8883');
  }
  const tls = url.protocol === 'mqtts:';
  if (!tls && !LOOPBACK.has(url.hostname)) {
    throw new Error('must begin with mqtts:// (plain mqtt:// is for loopback only)');
  }
  if (url.username || url.password) {
    throw new Error('must not hold a user or password: use MQTT_BROKER_USERNAME and MQTT_BROKER_PASSWORD');
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || (tls ? 8883 : 1883)), tls };
}
