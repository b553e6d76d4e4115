// Up to which offset a partition may be committed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deliveryTo } from '../../tests/support/store-rig.ts';
import { createOffsets } from './offsets.ts';

const at = (offset: number, lane = 0) => deliveryTo('t', '{}', { tag: offset + 1, lane });

test('a partition is done up to the first record that is not, whatever is done behind it', () => {
  const offsets = createOffsets();
  const [first, second, third] = [at(5), at(6), at(9)];
  for (const delivery of [first, second, third]) offsets.add(delivery);
  offsets.settle([second, third]);
  expect(offsets.open()).toEqual(new Map());
  offsets.settle([first]);
  expect(offsets.open()).toEqual(new Map([[0, 10]]));
  offsets.committed(offsets.open());
  expect(offsets.open()).toEqual(new Map());
});

test('after a rebalance records come again: nothing is committed past one of which no delivery is done', () => {
  const offsets = createOffsets();
  const [before, again, later] = [at(3), at(3), at(4)];
  for (const delivery of [before, again, later]) offsets.add(delivery);
  offsets.settle([later, again]);
  expect(offsets.open()).toEqual(new Map());
  offsets.settle([before]);
  expect(offsets.open()).toEqual(new Map([[0, 5]]));
});

test('whatever comes again and in whatever order it is done, no offset is committed before all below it are', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('read' as const), records: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constant('settle' as const), which: fc.nat() }),
    fc.record({ kind: fc.constant('rebalance' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const offsets = createOffsets();
      const stored = new Set<number>();
      let waiting: ReturnType<typeof at>[] = [];
      let [position, committed] = [0, 0];
      for (const each of steps) {
        if (each.kind === 'rebalance') position = committed;
        if (each.kind === 'read') {
          for (let n = 0; n < each.records; n++) {
            const delivery = at(position++);
            offsets.add(delivery);
            waiting.push(delivery);
          }
        }
        if (each.kind !== 'settle' || waiting.length === 0) continue;
        const done = waiting[each.which % waiting.length]!;
        waiting = waiting.filter((delivery) => delivery !== done);
        stored.add(done.tag - 1);
        offsets.settle([done]);
        const open = offsets.open();
        offsets.committed(open);
        committed = open.get(0) ?? committed;
        for (let offset = 0; offset < committed; offset++) expect(stored.has(offset)).toBe(true);
      }
    }),
  );
});
