// What the OASIS standard of MQTT 5.0 asks of a client, statement by statement, towards a broker that keeps it: its limits, acknowledgements and
// messages of its own.
import type { Packet } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { accepts, connack, hex, play, playAt, type Script, silentOn } from './testing/scripted-broker.ts';

describe('what the broker allows', () => {
  const run = async (properties: string, more = {}) => {
    const rig = await play(accepts(properties), more);
    await rig.connection.subscribed;
    return rig;
  };
  const cmds = (packets: Packet[]) => packets.map(({ cmd }) => cmd);

  test('[MQTT-3.1.2-25] a session that ends earlier than asked is said', async () => {
    const { notes } = await run('11 00000e10');
    expect(notes).toEqual([expect.stringMatching(/keeps the session for 3600 s without a connection/)]);
    expect((await run('11 ffffffff')).notes).toEqual([]);
  });

  test('[MQTT-3.2.2-16] another client id is said', async () => {
    expect((await run('12 0003 78 1b 79')).notes).toEqual([expect.stringMatching(/client id of its own: "x\?y"/)]);
    expect((await run('12 0001 63')).notes).toEqual([]);
  });

  test('[MQTT-3.2.2-21] Server Keep Alive 0: no pings, and no turn of a timer', async () => {
    const { connection, received } = await run('13 0000');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(cmds(received)).not.toContain('pingreq');
    await connection.disconnect();
  });

  test('[MQTT-3.1.2-22] Server Keep Alive 1: pings in time, for as long as they are answered', async () => {
    const { received } = await run('13 0001');
    await expect.poll(() => cmds(received).filter((cmd) => cmd === 'pingreq').length, { timeout: 10_000 }).toBe(3);
  });

  test('[MQTT-3.2.2-15] packets of 60 bytes: filters are asked for in parts', async () => {
    const subscribe = ['a/+/#', 'b/+/#', 'c/+/#', 'd/+/#', 'e/+/#', 'f/+/#'];
    const { received } = await run('27 0000003c', { former: () => ({ subscribe, unsubscribe: [] }) });
    const asked = received.flatMap((packet) => (packet.cmd === 'subscribe' ? [packet.subscriptions] : []));
    expect(asked.flat().map(({ topic }) => topic)).toEqual([
      'tenants/+/devices/+/telemetry/#',
      'tenants/+/devices/+/reported',
      'tenants/+/devices/+/acks',
      'tenants/+/devices/+/-',
      '$SYS/broker/gate/tenants/+',
      ...subscribe,
    ]);
    expect(asked.length).toBe(5);
  });

  test('[MQTT-3.9.3-1] answers in any order', async () => {
    const { connection } = await play((packet) => {
      if (packet.cmd === 'subscribe') return Buffer.alloc(0);
      return packet.cmd === 'unsubscribe'
        ? hex('b0 04 0003 00 11 90 07 0002 00 01 01 01 00 90 04 0001 00 01')
        : undefined;
    });
    expect(await connection.subscribed).toBe(false);
  });

  test('[MQTT-3.3.2-7] [MQTT-2.2.2] what a device put into its properties ends nothing', async () => {
    // Content type twice, a payload format that does not exist: all sent on by a broker that does not look.
    const { deliveries, send } = await run('');
    send(hex('32 11 0001 74 0001 0a 01 09 03 0001 61 03 0001 62 78'));
    await expect.poll(() => deliveries.map(({ payload }) => `${payload}`)).toEqual(['x']);
  });

  test('[MQTT-4.5.0-2] [MQTT-2.2.1-5] [MQTT-4.6.0-2] acknowledgements: when told, the very packets, in their order', async () => {
    const { connection, deliveries, received, send } = await run('');
    send(hex('32 07 0001 74 0003 00 78 32 07 0001 74 ffff 00 78 32 07 0001 74 0001 00 78'));
    await expect.poll(() => deliveries.map(({ tag }) => tag)).toEqual([3, 0xffff, 1]);
    expect(cmds(received)).not.toContain('puback');
    connection.acknowledge([3, 0xffff, 1], { messages: 3, bytes: 3 });
    const acknowledged = () => received.flatMap(({ cmd, messageId }) => (cmd === 'puback' ? [messageId] : []));
    await expect.poll(acknowledged).toEqual([3, 0xffff, 1]);
    // MQTT-4.3.2-5: acknowledged, the identifier is free; whatever comes with it is new.
    send(hex('3a 07 0001 74 0003 00 79'));
    await expect.poll(() => deliveries.at(-1)).toMatchObject({ tag: 3, again: true });
  });

  test('[MQTT-3.14.4-1] after its DISCONNECT a client sends nothing more', async () => {
    const { connection, received, send } = await run('');
    const done = connection.disconnect();
    connection.acknowledge([1], { messages: 1, bytes: 1 });
    connection.resubscribe();
    send(hex('32 07 0001 74 0003 00 78'));
    await done;
    expect(cmds(received).at(-1)).toBe('disconnect');
    await expect(connection.publish('t', 'x')).rejects.toThrow('no connection');
  });
});

describe('a message of its own', () => {
  const publishing = async (script: Script, times = 1) => {
    const rig = await play(script);
    await rig.connection.subscribed;
    const answered = Array.from({ length: times }, () => rig.connection.publish('t', 'x'));
    for (const answer of answered) answer.catch(() => {});
    return { ...rig, answered };
  };
  /** A PUBACK with this reason code, to the message that asked for it. */
  const puback =
    (code: string): Script =>
    (packet) =>
      packet.cmd === 'publish' ? Buffer.concat([hex('40 03 0000').fill(packet.messageId!, 3), hex(code)]) : undefined;

  test.each(['00', '10', '80', '83', '87', '90', '91', '97', '99'])(
    '[MQTT-3.4.2-1] gets its own 0x%s',
    async (code) => {
      const { answered } = await publishing(puback(code));
      expect(await answered[0]).toBe(Number.parseInt(code, 16));
    },
  );

  test('[MQTT-3.4.2-1] a reason that PUBACK cannot give ends the connection', async () => {
    const { answered, connection } = await publishing(puback('11'));
    await expect(answered[0]).rejects.toThrow('PUBACK with No subscription existed (0x11), which it cannot say');
    expect((await connection.ended).message).toMatch(/which it cannot say/);
  });

  test('[MQTT-2.2.1-5] each PUBACK belongs to its packet, in whatever order they come', async () => {
    const { answered } = await publishing((packet) => {
      if (packet.cmd !== 'publish') return undefined;
      return packet.messageId === 5 ? hex('40 03 0005 10 40 03 0004 00') : Buffer.alloc(0);
    }, 2);
    expect(await Promise.all(answered)).toEqual([0x00, 0x10]);
  });

  test('[MQTT-3.3.4-7] no more under way than the broker allows; [MQTT-3.2.2-11] none above its QoS', async () => {
    const script: Script = (packet) => (packet.cmd === 'connect' ? connack('21 0001') : undefined);
    const { answered, received } = await publishing(script, 2);
    await expect(answered[1]).rejects.toThrow('the broker takes 1 messages at a time, and 1 are under way');
    expect(await answered[0]).toBe(0);
    expect(received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(1);
    const { answered: refused } = await publishing(accepts('24 00'));
    await expect(refused[0]).rejects.toThrow('the broker takes no messages with QoS 1');
  });

  test('[MQTT-3.2.2-15] a message larger than the broker takes is not sent', async () => {
    const { connection, received } = await play(accepts('27 00000064'));
    await connection.subscribed;
    await expect(connection.publish('t', 'x'.repeat(100))).rejects.toThrow('packets of 100 bytes at most');
    expect(received.map(({ cmd }) => cmd)).not.toContain('publish');
  });

  test('[MQTT-4.3.2-3] without a PUBACK it fails in time, or with its connection', async () => {
    const late = await play(silentOn('publish'), { patience: { answerMs: 200 } });
    await late.connection.subscribed;
    await expect(late.connection.publish('t', 'x')).rejects.toThrow('did not send PUBACK in time');
    const { answered } = await publishing(playAt('publish', 'close'));
    await expect(answered[0]).rejects.toThrow('closed the connection');
  });
});
