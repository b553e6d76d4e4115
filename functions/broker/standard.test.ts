// What the OASIS standard of MQTT 5.0 asks of a client, statement by statement, against a broker that breaks it (testing/scripted-broker.ts).
// Each case ends: with the right words, the right DISCONNECT, and neither a socket nor a timer left.
import { describe, expect, test } from 'vitest';
import { accepts, connack, hex, play, playAt, type Script, silentOn } from './testing/scripted-broker.ts';

/** The requests of a connection in order: SUBSCRIBE 1 (telemetry), SUBSCRIBE 2 (no channel), UNSUBSCRIBE 3. */
const TELEMETRY = 1;
const none = undefined;
const malformed = 0x81;
const protocol = 0x82;

type Case = [statement: string, what: string, script: Script, words: RegExp, goodbye: number | undefined];

/** What the broker sends in place of CONNACK. */
const first = (bytes: string) => playAt('connect', hex(bytes));
/** What it sends right after CONNACK. */
const then = (bytes: string) => playAt('connect', Buffer.concat([connack(), hex(bytes)]));
/** What it answers the subscription to telemetry with, instead of SUBACK. */
const answers =
  (bytes: string): Script =>
  (packet) =>
    packet.messageId === TELEMETRY ? hex(bytes) : undefined;
const answersUnsubscribe = (bytes: string) => playAt('unsubscribe', hex(bytes));

async function judge(script: Script, words: RegExp, goodbye: number | undefined, more = {}) {
  const { connection, left, goodbye: said } = await play(script, more);
  const reason = await connection.ended;
  expect(reason.message).toMatch(words);
  expect(reason.message).toMatch(/^[\x20-\x7e…–]{1,400}$/);
  expect(await left()).toBe(0);
  expect(said()).toBe(goodbye);
}

const CASES: Case[] = [
  ['MQTT-3.2.0-1', 'PUBLISH before CONNACK', first('30 05 0001 74 00 78'), /PUBLISH before CONNACK/, protocol],
  ['MQTT-3.2.0-1', 'SUBACK before CONNACK', first('90 04 0001 00 01'), /SUBACK before CONNACK/, protocol],
  ['MQTT-3.2.0-1', 'PINGRESP before CONNACK', first('d000'), /PINGRESP before CONNACK/, protocol],
  ['MQTT-3.2.0-2', 'a second CONNACK', then('20 03 00 00 00'), /second CONNACK/, protocol],
  ['MQTT-3.2.0-2', 'a second CONNACK that refuses', then('20 03 00 87 00'), /second CONNACK/, protocol],
  ['MQTT-3.2.2-1', 'reserved flags in CONNACK', first('20 03 02 00 00'), /reserved flags/, malformed],
  ['MQTT-2.1.3-1', 'reserved bits before CONNACK', first('21 03 00 00 00'), /CONNACK with reserved bits/, malformed],
  ['MQTT-3.2.2-8', 'CONNACK with a reason of SUBACK', first('20 03 00 01 00'), /CONNACK with Granted QoS 1/, protocol],
  ['MQTT-3.2.2-6', 'a refusal with a session', first('20 03 01 87 00'), /refused the connection: Not authorized/, none],
  ['MQTT-3.2.2-7', 'a refusal with an unknown reason', first('20 03 00 f0 00'), /does not know \(0xf0\)/, none],
  ['MQTT-4.12.0-6', 'an authentication method nobody named', accepts('15 0001 61'), /no such value \(21\)/, protocol],
  ['MQTT-4.12.0-6', 'AUTH', then('f0 02 18 00'), /sent AUTH/, protocol],
  ['MQTT-3.2.2', 'Receive Maximum 0', accepts('21 0000'), /no such value \(33\)/, protocol],
  ['MQTT-3.2.2', 'Maximum Packet Size 0', accepts('27 00000000'), /no such value \(39\)/, protocol],
  ['MQTT-3.2.2-9', 'Maximum QoS 2', accepts('24 02'), /no such value \(36\)/, protocol],
  ['MQTT-3.2.2', 'a flag that is neither 0 nor 1', accepts('25 02'), /no such value \(37\)/, protocol],
  ['MQTT-2.2.2', 'a property twice', accepts('21 0005 21 0005'), /property twice \(33\)/, protocol],
  ['MQTT-2.2.2', 'a property of PUBLISH in CONNACK', accepts('23 0001'), /cannot have \(35\)/, malformed],
  ['MQTT-2.2.2', 'a property that does not exist', accepts('7f 00'), /cannot have \(127\)/, malformed],
  ['MQTT-1.5.4-1', 'a reason that is not UTF-8', accepts('1f 0002 c328'), /not UTF-8/, malformed],
  ['MQTT-1.5.4-1', 'a reason with half of a surrogate pair', accepts('1f 0003 eda080'), /not UTF-8/, malformed],
  ['MQTT-1.5.4-2', 'a reason with U+0000', accepts('1f 0001 00'), /not UTF-8/, malformed],
  ['MQTT-1.5.7-1', 'a user property that is not UTF-8', accepts('26 0001 61 0001 ff'), /not UTF-8/, malformed],
  ['MQTT-1.5.5-1', 'a length in more bytes than it needs', first('20 83 00 00 00 00'), /malformed length/, malformed],
  ['MQTT-1.5.5-1', 'a length in five bytes', first('20 ff ff ff ff 01'), /malformed length/, malformed],
  [
    'MQTT-1.5.5-1',
    'the length of properties likewise',
    first('20 04 00 00 80 00'),
    /CONNACK that is malfor/,
    malformed,
  ],
  ['MQTT-3.2.2', 'CONNACK without properties', first('20 02 00 00'), /CONNACK that is malformed/, malformed],
  [
    'MQTT-3.2.2',
    'CONNACK that goes on after its end',
    first('20 04 00 00 00 00'),
    /CONNACK that is malformed/,
    malformed,
  ],
  ['MQTT-3.2.2', 'properties beyond their packet', first('20 03 00 00 09'), /CONNACK that is malformed/, malformed],
  ['MQTT-3.2.2', 'a property that is cut', first('20 05 00 00 02 21 00'), /CONNACK that is malformed/, malformed],
  ['MQTT-3.1.4-5', 'an end in place of CONNACK', playAt('connect', 'close'), /before it had answered CONNECT/, none],
  ['MQTT-3.14.0-1', 'DISCONNECT in place of CONNACK', first('e0 02 8b 00'), /before .* CONNECT: Server shutting/, none],
  ['MQTT-3.2.2', 'no wildcards', accepts('28 00'), /no subscriptions with wildcards/, 0],
  ['MQTT-3.2.2-15', 'packets of 20 bytes at most', accepts('27 00000014'), /packets of 20 bytes at most/, 0],

  ['MQTT-3.8.4-2', 'SUBACK for another packet', answers('90 04 0009 00 01'), /SUBACK for packet 9/, protocol],
  ['MQTT-3.10.4-5', 'UNSUBACK for a SUBSCRIBE', answers('b0 04 0001 00 00'), /UNSUBACK for packet 1/, protocol],
  [
    'MQTT-2.2.1-6',
    'SUBACK for an UNSUBSCRIBE',
    answersUnsubscribe('90 04 0003 00 01'),
    /SUBACK for packet 3/,
    protocol,
  ],
  ['MQTT-2.2.1-3', 'SUBACK for packet 0', answers('90 04 0000 00 01'), /identifier 0/, protocol],
  ['MQTT-3.8.4-6', 'SUBACK without a reason', answers('90 03 0001 00'), /0 of 1 filters/, protocol],
  ['MQTT-3.8.4-6', 'SUBACK with one too many', answers('90 05 0001 00 01 01'), /2 of 1 filters/, protocol],
  ['MQTT-3.8.4-2', 'SUBACK twice', answers('90 04 0001 00 01 90 04 0001 00 01'), /SUBACK for packet 1/, protocol],
  [
    'MQTT-3.9.3-2',
    'SUBACK with no reason of its own',
    answers('90 04 0001 00 03'),
    /\(0x03\), which it cannot/,
    protocol,
  ],
  ['MQTT-3.11.3-2', 'UNSUBACK with one of SUBACK', answersUnsubscribe('b0 04 0003 00 01'), /cannot say/, protocol],
  ['MQTT-3.8.4-8', 'more than was asked for', answers('90 04 0001 00 02'), /did not grant .*Granted QoS 2/, 0],
  ['MQTT-3.8.4-7', 'telemetry at QoS 0', answers('90 04 0001 00 00'), /did not grant .*\(0x00\)/, 0],
  ['MQTT-2.2.2', 'a property that SUBACK cannot have', answers('90 06 0001 02 2801 01'), /cannot have/, malformed],
  ['MQTT-2.1.3-1', 'reserved bits in SUBACK', answers('92 04 0001 00 01'), /reserved bits/, malformed],
  ['MQTT-3.9.2', 'SUBACK that is cut', answers('90 01 00'), /SUBACK that is malformed/, malformed],

  ['MQTT-3.3.1-4', 'QoS 3', then('36 07 0001 74 0001 00 78'), /malformed packet/, malformed],
  ['MQTT-3.8.4-8', 'QoS 2, which was not asked for', then('34 07 0001 74 0001 00 78'), /QoS 2/, protocol],
  ['MQTT-3.3.1-2', 'QoS 0 that is a repeat', then('38 05 0001 74 00 78'), /malformed packet/, malformed],
  ['MQTT-2.2.1-4', 'PUBLISH as packet 0', then('32 07 0001 74 0000 00 78'), /identifier 0/, protocol],
  ['MQTT-3.3.2-1', 'a topic beyond its packet', then('32 05 00c8 61 0001'), /malformed packet/, malformed],
  ['MQTT-3.3.2-1', 'no topic', then('32 06 0000 0001 00 78'), /without a topic/, 0x94],
  ['MQTT-3.3.2-2', 'a topic with a wildcard', then('32 09 0003 74 2f 23 0001 00 78'), /with wildcards/, 0x90],
  ['MQTT-1.5.4-1', 'a topic that is not UTF-8', then('32 08 0002 c328 0001 00 78'), /not UTF-8/, malformed],
  ['MQTT-1.5.4-2', 'a topic with U+0000', then('32 07 0001 00 0001 00 78'), /not UTF-8/, malformed],
  ['MQTT-3.1.2-30', 'a topic alias', then('32 0a 0001 74 0001 03 23 0001 78'), /topic alias/, 0x94],
  ['MQTT-3.3.2', 'properties beyond their packet', then('32 07 0001 74 0001 7f 78'), /malformed packet/, malformed],
  [
    'MQTT-2.2.2',
    'a property of CONNACK in PUBLISH',
    then('32 09 0001 74 0001 03 21 0001'),
    /malformed packet/,
    malformed,
  ],

  ['MQTT-3.4.2', 'PUBACK for a message nobody sent', then('40 02 0007'), /PUBACK for packet 7/, protocol],
  ['MQTT-3.4.2', 'PUBACK for a SUBSCRIBE', answers('40 02 0001'), /PUBACK for packet 1/, protocol],
  ['MQTT-4.3.3', 'PUBREC', then('50 02 0001'), /sent PUBREC/, protocol],
  ['MQTT-4.3.3', 'PUBREL', then('62 02 0001'), /sent PUBREL/, protocol],
  ['MQTT-4.3.3', 'PUBCOMP', then('70 02 0001'), /sent PUBCOMP/, protocol],
  ['MQTT-2.1.2', 'CONNECT', then('10 00'), /sent CONNECT/, protocol],
  ['MQTT-2.1.2', 'SUBSCRIBE', then('82 00'), /sent SUBSCRIBE/, protocol],
  ['MQTT-2.1.2', 'UNSUBSCRIBE', then('a2 00'), /sent UNSUBSCRIBE/, protocol],
  ['MQTT-2.1.2', 'PINGREQ', then('c0 00'), /sent PINGREQ/, protocol],
  ['MQTT-2.1.2', 'the type that is reserved', then('00 00'), /reserved type 0/, protocol],
  ['MQTT-3.13', 'PINGRESP with a body', then('d0 01 00'), /PINGRESP that is malformed/, malformed],
  ['MQTT-2.1.3-1', 'reserved bits in PINGRESP', then('d1 00'), /reserved bits/, malformed],
  ['MQTT-3.14.1-1', 'reserved bits in DISCONNECT', then('e1 00'), /DISCONNECT with reserved bits/, malformed],
  ['MQTT-3.14.2-2', 'a session expiry in DISCONNECT', then('e0 07 8b 05 11 00000000'), /cannot have \(17\)/, malformed],
  ['MQTT-3.14.2', 'DISCONNECT that is cut', then('e0 03 8b 05 11'), /DISCONNECT that is malformed/, malformed],
  ['MQTT-3.14.2-1', 'DISCONNECT with an unknown reason', then('e0 01 f7'), /does not know \(0xf7\)/, none],
  ['MQTT-3.14.2', 'DISCONNECT without a reason', then('e0 00'), /ended the connection: Success/, none],
  ['MQTT-4.13', 'an end in the middle of a packet', playAt('subscribe', 'close'), /closed the connection/, none],
];

describe('a broker that breaks the standard', () => {
  test.each(CASES)('[%s] %s', (_, _what, script, words, goodbye) => judge(script, words, goodbye));

  test('[MQTT-3.1.2-27] SUBACK of a megabyte', async () => {
    const huge = Buffer.concat([hex('90 80 80 40'), Buffer.alloc(1024 * 1024)]);
    await judge(playAt('subscribe', huge), /SUBACK beyond all bounds: Packet too large/, 0x95);
  });
});

describe('a broker that is silent', () => {
  const patience = { connectMs: 200, answerMs: 200, goodbyeMs: 2_000 };
  test.each([
    ['MQTT-3.1.4-5', 'no CONNACK', 'connect', /did not answer CONNECT in time/, none],
    ['MQTT-3.8.4-1', 'no SUBACK', 'subscribe', /did not send SUBACK in time/, 0],
    ['MQTT-3.10.4-4', 'no UNSUBACK', 'unsubscribe', /did not send UNSUBACK in time/, 0],
  ] as const)('[%s] %s', (_, _what, cmd, words, goodbye) => judge(silentOn(cmd), words, goodbye, { patience }));

  test('[MQTT-3.12.4-1] no PINGRESP', async () => {
    const answer = connack('13 0001');
    await judge((packet) => (packet.cmd === 'connect' ? answer : silentOn('pingreq')(packet)), /gone silent/, none);
  });

  test('[MQTT-3.14.4-2] it does not close when it is left', async () => {
    const { connection, send } = await play(() => undefined, { patience: { goodbyeMs: 100 } });
    await connection.subscribed;
    send(hex('36 00'));
    expect((await connection.ended).message).toMatch(/malformed/);
  });
});

const REASONS = [
  '80 Unspecified error',
  '81 Malformed Packet',
  '82 Protocol Error',
  '83 Implementation specific error',
  '84 Unsupported Protocol Version',
  '85 Client Identifier not valid',
  '86 Bad User Name or Password',
  '87 Not authorized',
  '88 Server unavailable',
  '89 Server busy',
  '8a Banned',
  '8b Server shutting down',
  '8c Bad authentication method',
  '8d Keep Alive timeout',
  '8e Session taken over',
  '8f Topic Filter invalid',
  '90 Topic Name invalid',
  '93 Receive Maximum exceeded',
  '94 Topic Alias invalid',
  '95 Packet too large',
  '96 Message rate too high',
  '97 Quota exceeded',
  '98 Administrative action',
  '99 Payload format invalid',
  '9a Retain not supported',
  '9b QoS not supported',
  '9c Use another server',
  '9d Server moved',
  '9e Shared Subscriptions not supported',
  '9f Connection rate exceeded',
  'a0 Maximum connect time',
  'a1 Subscription Identifiers not supported',
  'a2 Wildcard Subscriptions not supported',
].map((text) => [text.slice(0, 2), text.slice(3)] as const);

describe('a broker that gives its reasons', () => {
  test.each(REASONS)('[MQTT-2.4] 0x%s is %s, wherever it is said', async (code, name) => {
    const words = (start: string) => new RegExp(`^the broker ${start}: ${name} \\(0x${code}\\)$`);
    await judge(first(`20 03 00 ${code} 00`), words('refused the connection'), none);
    await judge(then(`e0 02 ${code} 00`), words('ended the connection'), none);
    if (!['80', '83', '87', '8f', '91', '97', '9e', 'a1', 'a2'].includes(code)) return;
    await judge(answers(`90 04 0001 00 ${code}`), words('did not grant the subscription at QoS 1'), 0);
  });

  test('[MQTT-3.2.2] its own words, without what could deceive a reader, and the server it names', async () => {
    const text = Buffer.from(`try\u0007 again\u202e\n${'x'.repeat(90)}`);
    const properties = Buffer.concat([hex('1f'), Buffer.from([0, text.length]), text, hex('1c 0001 62')]);
    await judge(
      playAt('connect', connack(properties.toString('hex'), '9c')),
      /Use another server \(0x9c\), "try\? again\?\?x{90}; use b"$/,
      none,
    );
  });

  test('[MQTT-3.14.2] words of 60,000 characters are cut', async () => {
    const text = Buffer.alloc(60_000, 'y');
    const length = Buffer.from([0xe3, 0xd4, 0x03]);
    const bytes = Buffer.concat([hex('e0 e7 d4 03 8b'), length, hex('1f ea60'), text]);
    await judge(playAt('subscribe', bytes), /Server shutting down \(0x8b\), "y{200}…"$/, none);
  });

  test('[MQTT-3.8.4-7] a filter that is not granted is said, and the others bring their messages', async () => {
    const { connection, notes } = await play((packet) =>
      packet.messageId === 2 ? hex('90 0d 0002 06 1f 0003 6e6f21 01 01 87 00') : undefined,
    );
    expect(await connection.subscribed).toBe(false);
    expect(notes).toEqual([
      'the broker did not change the subscription to tenants/+/devices/+/-: Not authorized (0x87), "no!"',
    ]);
  });
});
