// Stands in for the broker's gate, which appends a stamp to every device's message: a publisher that appends it itself, as an MQTT 5
// user property. Its form is functions/broker/stamp.ts's, held to the gate's own by provisioning/broker/gate/stamp.vectors.json.
// Unlike the gate it stamps with any time, and only what is published with it.
import { randomBytes } from 'node:crypto';
import { createSipHash, STAMP_PROPERTY } from '../../functions/broker/index.ts';
import type { Stamp } from '../../functions/source/stamp.ts';

/** What a stamp says. */
export interface StampOptions {
  /** Default: now. */
  at?: number;
  /** Default: none. */
  note?: string;
}

/** Makes stamps as one start of the broker does. */
export interface Stamper {
  /** The key, for `MQTT_GATE_KEY`. */
  key: string;
  /** A stamp as ingest reads it. */
  next(options?: StampOptions): Stamp;
  /** The properties to publish one message to `topic` with. */
  properties(topic: string, options?: StampOptions): { userProperties: Record<string, string> };
}

/** Changes mosquitto.conf so that the gate makes no stamps: those of the tests have any time, and the gate's would come last. */
export const withoutStamps = (text: string) => text.replace(/^plugin_opt_key_file .*\n/m, '');

/** A broker's gate that has just started. */
export function createStamper(): Stamper {
  const key = randomBytes(16);
  const boot = randomBytes(4).toString('hex');
  const authenticate = createSipHash(key);
  let counter = 0;
  const next: Stamper['next'] = ({ at = Date.now(), note = '' } = {}) => {
    counter += 1;
    return { receivedAt: at, boot, counter, note };
  };
  return {
    key: key.toString('hex'),
    next,
    properties: (topic, options) => {
      const { receivedAt, counter: number, note } = next(options);
      const signed = `${receivedAt}.${boot}.${number}.${note}`;
      const bytes = Buffer.from(`${topic}\0${signed}`);
      const mac = Buffer.from(authenticate(bytes, 0, bytes.length)).toString('hex');
      return { userProperties: { [STAMP_PROPERTY]: `${signed}.${mac}` } };
    },
  };
}
