// What a device's topic says about its message: a reading, the value of a field, or nothing that the platform knows.
import { MAX_FIELD_BYTES } from '../../domain/messages-limits.ts';
import { type Rejection, reject } from '../../domain/messages-reasons.ts';
import { parseDeviceTopic, TELEMETRY_FORM } from '../../domain/topics.ts';
import type { Delivery } from '../source/delivery.ts';
import type { Route } from './registry.ts';

/** What is to be read. */
export interface Channel {
  /** The name of the value, when it was published below the telemetry topic. */
  field: string | undefined;
}

/** A message that is not read. */
export interface NotRead extends Rejection {
  /** Where it was published, as far as that is known. */
  topic: string;
}

/** The message is a reading, or several. */
export const WHOLE: Channel = { field: undefined };
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Reads the topic, and what the broker's gate notes about the message. */
export function channelOf({ topic, stamp }: Delivery, route: Route): Channel | NotRead {
  const note = typeof stamp === 'object' ? stamp.note : '';
  if (note === '' && topic === route.topic) return WHOLE;
  if (note.startsWith('z')) {
    const most = route.limits.maxPayloadBytes;
    return {
      ...reject(
        'too-large',
        `the payload had ${note.slice(1)} bytes, of which none are kept; at most ${most} are stored`,
      ),
      topic,
    };
  }
  if (route.topic === undefined) return WHOLE;
  if (!topic.startsWith(`${route.topic}/`)) return noChannel(topic, note);
  const field = topic.slice(route.topic.length + 1);
  if (field !== '' && Buffer.byteLength(field) <= MAX_FIELD_BYTES && !CONTROL.test(field)) return { field };
  const range = `1 to ${MAX_FIELD_BYTES} bytes without control characters`;
  return {
    ...reject('wrong-topic', `the name of a field below ${TELEMETRY_FORM} has ${range}`),
    topic: topic.slice(0, 1024).toWellFormed(),
  };
}

/** Published to no channel of the platform. The gate delivers all of these on one topic, and notes the one it was. */
function noChannel(topic: string, note: string): NotRead {
  const device = parseDeviceTopic(topic);
  const rest = note.startsWith('c') ? note.slice(1) : (device?.rest ?? '');
  const was = device && note.startsWith('c') ? topic.slice(0, topic.length - device.rest.length) + rest : topic;
  const detail = `published to "${rest}": readings go to telemetry or telemetry/<field> below the device's prefix`;
  return { ...reject('wrong-topic', detail), topic: was };
}
