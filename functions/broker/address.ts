// The broker's address, and whether the connection is encrypted.
import { isIP } from 'node:net';

/** How to reach the broker. */
export interface BrokerAddress {
  host: string;
  /** 1 to 65535. */
  port: number;
  /** False only for loopback. */
  tls: boolean;
  /** The name that its certificate is for, where that is not how it is reached. Default: the host. */
  certifiedAs?: string | undefined;
}

/** The name that TLS asks for and checks; undefined: an address, which SNI cannot carry (RFC 6066, 3). */
export const certifiedName = ({ host, certifiedAs }: BrokerAddress): string | undefined =>
  certifiedAs ?? (isIP(host) === 0 ? host : undefined);

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
