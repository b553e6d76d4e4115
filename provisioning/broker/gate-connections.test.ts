// The gate in a real broker: how many devices of a tenant are connected at a time.
import { expect, test } from 'vitest';
import { closed, device, eachBroker, REGISTRY, SESSION } from './gate/testing/rig.ts';

const MORE = [...REGISTRY, device('acme', 'pump-3'), device('acme', 'pump-4')];

eachBroker(({ broker, start, connect, log, reload }) => {
  test('a tenant has no more connections than it may have, however they come and go', async () => {
    await broker().stop();
    await start({ config: { tenantConnections: 2 }, registry: MORE });
    /** Nobody of the tenant gets in; the others do. */
    const expectFull = async (name: string) => {
      await expect(connect(name), name).rejects.toThrow("Couldn't connect");
      expect(log()).toContain(`gate: ${name}: may not connect: its tenant has as many connections as it may have`);
      await (await connect('umbrella.hive')).endAsync();
      await (await connect('svc-control')).endAsync();
    };
    const first = await connect('acme.pump-1', SESSION);
    const second = await connect('acme.pump-2', SESSION);
    await expectFull('acme.pump-3');

    // A device that connects twice takes its own place; a wrong key takes no place.
    const taken = closed(first);
    const again = await connect('acme.pump-1', SESSION);
    await taken;
    await expect(connect('acme.pump-3', { password: 'wrong' })).rejects.toThrow('Not authorized');
    await expectFull('acme.pump-3');

    // A session without a connection does not count, also when the broker asks about it again.
    await again.endAsync();
    await reload();
    const third = await connect('acme.pump-3');
    await reload();
    await expectFull('acme.pump-4');

    // A device that is removed leaves its place; the others keep theirs.
    const ends = [closed(second), closed(third)];
    broker().sync(MORE.filter((entry) => entry.kind === 'service' || !['pump-2', 'pump-3'].includes(entry.device)));
    await Promise.all(ends);
    await connect('acme.pump-4');
    await connect('acme.pump-1');
    broker().sync(MORE);
    await expect.poll(() => connect('acme.pump-2').then(() => 'in', String)).toContain("Couldn't connect");
    await expectFull('acme.pump-3');
  });
});
