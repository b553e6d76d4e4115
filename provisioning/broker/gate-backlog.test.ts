// The gate in a real broker looks at the queue of ingest: it says when that is full and when it has room again, and it ends a connection of
// ingest whose count is doubtful, so that the next one counts again. The gate waits a minute for both, and so does this test.
import { expect, test } from 'vitest';
import { closed, code, eachBroker, publish, SESSION, TELEMETRY } from './gate/testing/rig.ts';

/** As many messages as this bound lets in: a 64th of it stays free. */
const ROOM = 63;
const FULL = 'gate: the queue of svc-ingest is full';

eachBroker(({ broker, start, connect, ingest, log }) => {
  test('an ingest that receives and never says what is done is cut off, and the next connection makes room', async () => {
    await broker().stop();
    await start({ config: { maxQueuedMessages: ROOM + 1 } });
    const { client, received } = await ingest();
    const cut = closed(client);
    const device = await connect('acme.pump-1', { reconnectPeriod: 100, ...SESSION });
    for (let n = 0; n < ROOM; n++) expect(await code(publish(device, TELEMETRY, `{"n":${n}}`))).toBe(0);
    expect(await code(publish(device, TELEMETRY, '{}'))).toBe(0x87);
    await expect.poll(() => received.length).toBe(ROOM);
    await expect.poll(log, { timeout: 10_000 }).toContain(FULL);
    expect(await cut).toBe('closed');
    // All of it had been acknowledged by this client: nothing waits.
    const again = await ingest();
    await expect.poll(() => code(publish(device, TELEMETRY, '{"again":true}')), { timeout: 20_000 }).toBe(0);
    await expect.poll(() => again.received.length).toBe(1);
    await expect.poll(log, { timeout: 90_000 }).toContain('gate: the queue for ingest has room again');
    expect(log().split(FULL)).toHaveLength(2);
  }, 240_000);
});
