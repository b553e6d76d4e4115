// A change of the broker's configuration that is interrupted, again and again, and taken back: the machine can be rebuilt at any time,
// because what the pointer names is there.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { WireObject } from '../../preview/engine/wire.ts';
import { openDeployed } from './deployed.ts';
import type { EngineStack } from './stack.ts';

const BLOB = 'azure-native:storage:Blob';

let stack: EngineStack;
beforeEach(async () => {
  stack = await openDeployed('dev');
});
afterEach(() => stack.close());

/** Another configuration of the broker, or the first one again. */
const setConnections = (count?: number) =>
  count
    ? stack.must('config', 'set', 'mqtt-saas:brokerMaxConnections', `${count}`, '--stack', 'dev')
    : stack.must('config', 'rm', 'mqtt-saas:brokerMaxConnections', '--stack', 'dev');

/** What lies in the container: bundles by hash, and which of them each pointer names. */
async function container(): Promise<{ bundles: string[]; pointers: Record<string, string> }> {
  const names = stack.cloud
    .all()
    .filter(({ type }) => type === BLOB)
    .map(({ id }) => id.split('/').at(-1)!);
  const { deployment } = await stack.exportState();
  const text = (name: string) =>
    (deployment.resources as { type: string; inputs: WireObject }[]).find(
      ({ type, inputs }) => type === BLOB && inputs.blobName === name,
    )?.inputs.source as { text: string };
  return {
    bundles: names.flatMap((name) => /^(.+)\.tgz$/.exec(name)?.[1] ?? []).sort(),
    pointers: Object.fromEntries(
      names.filter((name) => !name.endsWith('.tgz')).map((name) => [name, text(name).text.trim()]),
    ),
  };
}

/** Only one bundle, and both pointers name it. */
const settled = (hash: string) => ({ bundles: [hash], pointers: { current: hash, 'current-copy': hash } });

it('as long as the machine refuses the next ones, the one in force is there; then it goes', async () => {
  const first = await container();
  const [inForce = ''] = first.bundles;
  expect(first).toEqual(settled(inForce));
  stack.cloud.faults.push({ method: 'update', urn: 'broker-configuration-apply', message: 'refused' });
  for (const connections of [900, 800]) {
    await setConnections(connections);
    const up = await stack.up();
    expect(up.status).not.toBe(0);
    expect(up.errors.join()).toContain('refused');
    const { bundles, pointers } = await container();
    expect(pointers).toEqual(first.pointers);
    expect(bundles).toContain(inForce);
  }
  stack.cloud.faults.length = 0;
  const healed = await stack.up();
  expect(healed.status, healed.output).toBe(0);
  const after = await container();
  expect(after).toEqual(settled(after.bundles[0] ?? ''));
  expect(after.bundles).not.toContain(inForce);
  // And back to what was deleted.
  await setConnections();
  expect((await stack.up()).status).toBe(0);
  expect(await container()).toEqual(first);
});

it('a change that was refused can be taken back', async () => {
  const first = await container();
  stack.cloud.faults.push({ method: 'update', urn: 'broker-configuration-apply', message: 'refused' });
  await setConnections(900);
  expect((await stack.up()).status).not.toBe(0);
  await setConnections();
  const back = await stack.up();
  expect(back.status, back.output).toBe(0);
  expect(await container()).toEqual(first);
});

it('an older stack, which has one pointer, is never without', async () => {
  stack.cloud.remove(stack.cloud.find(BLOB, '/current-copy').id);
  await stack.must(
    'refresh',
    '--yes',
    '--skip-preview',
    '--target',
    '**::broker-configuration-pointer-copy',
    '--stack',
    'dev',
  );
  expect(Object.keys((await container()).pointers)).toEqual(['current']);
  const seen: boolean[] = [];
  stack.cloud.onCall = () => seen.push(stack.cloud.all().some(({ id }) => /\/current(-copy)?$/.test(id)));
  await setConnections(900);
  const up = await stack.up();
  expect(up.status, up.output).toBe(0);
  expect(seen).toContain(true);
  expect(seen).not.toContain(false);
  expect(Object.keys((await container()).pointers)).toHaveLength(2);
});

it('while a pointer is replaced the other one is there, and names a bundle that is', async () => {
  stack.cloud.faults.push({ method: 'create', urn: 'broker-configuration-pointer', message: 'unavailable' });
  await setConnections(900);
  expect((await stack.up()).status).not.toBe(0);
  const { bundles, pointers } = await container();
  expect(Object.keys(pointers)).toEqual(['current']);
  expect(bundles).toContain(pointers.current);
  stack.cloud.faults.length = 0;
  const healed = await stack.up();
  expect(healed.status, healed.output).toBe(0);
  const after = await container();
  expect(after).toEqual(settled(after.bundles[0] ?? ''));
});

it.each([
  ['nothing', ''],
  [
    'that another one is',
    `broker-apply: REFUSED: HASH: nft: nftables.conf:58:9-9: Error: syntax error\nbroker-apply: nothing was changed; in force: ${'0'.repeat(64)}\n`,
  ],
  ['that it was probed, and no more', 'broker-apply: PROBED: HASH; broker left alone\n'],
])('a machine that says %s has not taken it, whatever Azure says of the command', async (_, words) => {
  const first = await container();
  stack.env.FAKES_MACHINE_SAYS = words;
  await setConnections(900);
  const up = await stack.up();
  expect(up.status).not.toBe(0);
  expect(up.errors.join()).toMatch(/the machine did not say that bundle [0-9a-f]{64} is in force/);
  expect(up.errors.join()).toContain(words ? 'broker-apply: ' : 'It said nothing.');
  // No machine boots with it.
  const { bundles, pointers } = await container();
  expect(pointers).toEqual(first.pointers);
  expect(bundles).toContain(pointers.current);
  // Not by itself: the machine has to say so. Then it does.
  expect((await stack.up()).status).not.toBe(0);
  delete stack.env.FAKES_MACHINE_SAYS;
  const healed = await stack.up({ args: ['--replace', '**broker-configuration-apply'] });
  expect(healed.status, healed.output).toBe(0);
  const after = await container();
  expect(after).toEqual(settled(after.bundles[0] ?? ''));
  expect(after.bundles).not.toEqual(first.bundles);
});
