// What a broker gives as reasons (MQTT 5.0, 2.4), with their names in the standard; and the errors that carry them.

/** The session's client id connected again elsewhere. */
export const SESSION_TAKEN_OVER = 0x8e;
/** The broker took the message, and no session was subscribed to its topic. */
export const NO_MATCHING_SUBSCRIBERS = 0x10;

/** What a client may answer to a packet that breaks the standard (MQTT 5.0, 3.14.2.1). */
export const MALFORMED_PACKET = 0x81;
export const PROTOCOL_ERROR = 0x82;
export const TOPIC_NAME_INVALID = 0x90;
export const TOPIC_ALIAS_INVALID = 0x94;
export const PACKET_TOO_LARGE = 0x95;

/** 0x00 to 0x02 have another name in each packet; these are those of a CONNACK and a SUBACK. */
const NAMES: Readonly<Record<number, string>> = {
  0x00: 'Success',
  0x01: 'Granted QoS 1',
  0x02: 'Granted QoS 2',
  0x04: 'Disconnect with Will Message',
  0x10: 'No matching subscribers',
  0x11: 'No subscription existed',
  0x18: 'Continue authentication',
  0x19: 'Re-authenticate',
  0x80: 'Unspecified error',
  0x81: 'Malformed Packet',
  0x82: 'Protocol Error',
  0x83: 'Implementation specific error',
  0x84: 'Unsupported Protocol Version',
  0x85: 'Client Identifier not valid',
  0x86: 'Bad User Name or Password',
  0x87: 'Not authorized',
  0x88: 'Server unavailable',
  0x89: 'Server busy',
  0x8a: 'Banned',
  0x8b: 'Server shutting down',
  0x8c: 'Bad authentication method',
  0x8d: 'Keep Alive timeout',
  0x8e: 'Session taken over',
  0x8f: 'Topic Filter invalid',
  0x90: 'Topic Name invalid',
  0x91: 'Packet Identifier in use',
  0x92: 'Packet Identifier not found',
  0x93: 'Receive Maximum exceeded',
  0x94: 'Topic Alias invalid',
  0x95: 'Packet too large',
  0x96: 'Message rate too high',
  0x97: 'Quota exceeded',
  0x98: 'Administrative action',
  0x99: 'Payload format invalid',
  0x9a: 'Retain not supported',
  0x9b: 'QoS not supported',
  0x9c: 'Use another server',
  0x9d: 'Server moved',
  0x9e: 'Shared Subscriptions not supported',
  0x9f: 'Connection rate exceeded',
  0xa0: 'Maximum connect time',
  0xa1: 'Subscription Identifiers not supported',
  0xa2: 'Wildcard Subscriptions not supported',
};

/** Such as `Not authorized (0x87)`, and the broker's own words when it has any. */
export function nameReason(reasonCode: number, words?: string): string {
  const code = `0x${reasonCode.toString(16).padStart(2, '0')}`;
  const name = NAMES[reasonCode] ?? 'a reason that the standard does not know';
  return `${name} (${code})${words ? `, "${printable(words)}"` : ''}`;
}

const LONGEST_WORDS = 200;

/** A broker's text as a log may show it: of bounded length, without characters that control a terminal or hide others. */
export function printable(text: string): string {
  const shown = text.slice(0, LONGEST_WORDS).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return text.length > LONGEST_WORDS ? `${shown}…` : shown;
}

/** The broker refused something, or ended the connection. */
export class BrokerRefusal extends Error {
  override name = 'BrokerRefusal';
  readonly reasonCode: number;

  /** @param what was refused or ended, such as "refused the connection". @param words the broker's own. */
  constructor(what: string, reasonCode: number, words?: string) {
    super(`the broker ${what}: ${nameReason(reasonCode, words)}`);
    this.reasonCode = reasonCode;
  }
}

/** The broker sent what the standard forbids. The connection ends with a DISCONNECT of this reason (MQTT 5.0, 4.13). */
export class ProtocolError extends Error {
  override name = 'ProtocolError';
  readonly reasonCode: number;

  /** @param what it sent, such as "sent a second CONNACK". */
  constructor(what: string, reasonCode: number = PROTOCOL_ERROR) {
    super(`the broker ${what}: ${nameReason(reasonCode)}`);
    this.reasonCode = reasonCode;
  }
}

/** A packet that cannot be read. */
export const malformed = (what = 'sent a malformed packet') => new ProtocolError(what, MALFORMED_PACKET);
