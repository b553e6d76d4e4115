// What a broker gives as reasons (MQTT 5.0, 2.4), with their names in the standard; and the errors that carry them.

/** The session's client id connected again elsewhere. */
export const SESSION_TAKEN_OVER = 0x8e;
/** The broker took the message, and no session was subscribed to its topic. */
export const NO_MATCHING_SUBSCRIBERS = 0x10;

/** What a client may answer to a packet that breaks the standard (MQTT 5.0, 3.14.2.1). */
const MALFORMED_PACKET = 0x81;
const PROTOCOL_ERROR = 0x82;
export const TOPIC_NAME_INVALID = 0x90;
export const TOPIC_ALIAS_INVALID = 0x94;
export const PACKET_TOO_LARGE = 0x95;

/** 0x00 to 0x02 have another name in each packet; these are those of a CONNACK and a SUBACK. */
const NAMES: Readonly<Record<number, string>> = {
  0: 'Success',
  1: 'Granted QoS 1',
  2: 'Granted QoS 2',
  4: 'Disconnect with Will Message',
  16: 'No matching subscribers',
  17: 'No subscription existed',
  24: 'Continue authentication',
  25: 'Re-authenticate',
  128: 'Unspecified error',
  129: 'Malformed Packet',
  130: 'Protocol Error',
  131: 'Implementation specific error',
  132: 'Unsupported Protocol Version',
  133: 'Client Identifier not valid',
  134: 'Bad User Name or Password',
  135: 'Not authorized',
  136: 'Server unavailable',
  137: 'Server busy',
  138: 'Banned',
  139: 'Server shutting down',
  140: 'Bad authentication method',
  141: 'Keep Alive timeout',
  142: 'Session taken over',
  143: 'Topic Filter invalid',
  144: 'Topic Name invalid',
  145: 'Packet Identifier in use',
  146: 'Packet Identifier not found',
  147: 'Receive Maximum exceeded',
  148: 'Topic Alias invalid',
  149: 'Packet too large',
  150: 'Message rate too high',
  151: 'Quota exceeded',
  152: 'Administrative action',
  153: 'Payload format invalid',
  154: 'Retain not supported',
  155: 'QoS not supported',
  156: 'Use another server',
  157: 'Server moved',
  158: 'Shared Subscriptions not supported',
  159: 'Connection rate exceeded',
  160: 'Maximum connect time',
  161: 'Subscription Identifiers not supported',
  162: 'Wildcard Subscriptions not supported',
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
