// `ops cost` against the committed plans: whether every type has a price or none, and whether the example stacks fit their budgets.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VM_SIZES } from '../components/vm-sizes.ts';
import { readPlan } from '../preview/plan.ts';
import { planOf as planned, withManaged } from '../stacks/testing/plan.ts';
import { daysUntilFull, MINUTE_TIMERS, makeBill, PRICES, USUAL } from './cost/bill.ts';

const planOf = (stack: string) => {
  const plan = readPlan(new URL(`../stacks/snapshots/${stack}.json`, import.meta.url).pathname);
  if (!plan) throw new Error(`no snapshot of ${stack}`);
  return plan;
};
const item = (stack: string, what: string, load = USUAL) => {
  const found = makeBill(planOf(stack), load).items.find((one) => one.what === what);
  if (!found) throw new Error(`no ${what} in the bill of ${stack}`);
  return found;
};

test.each(['dev', 'prod'])('%s fits its own budget, and each of its types is priced or known to be free', (stack) => {
  const { usd, budget, unpriced } = makeBill(planOf(stack), USUAL);
  expect(unpriced).toEqual([]);
  expect(usd).toBeLessThan(budget!);
});

test('counts machine, disks, address, alerts, runs and log', () => {
  expect(item('dev', 'broker machine').usd).toBeCloseTo(7.59, 2);
  // 8 GiB is a tier of its own; the system's 30 GiB are billed as 32.
  expect(item('dev', 'data disk').usd).toBeCloseTo(0.6, 2);
  expect(item('dev', 'its disk').usd).toBeCloseTo(2.4, 2);
  expect(item('dev', 'public address').usd).toBeCloseTo(3.65, 2);
  expect(item('dev', 'metric alerts').usd).toBeCloseTo(0.4, 2);
  expect(item('dev', 'log alerts').usd).toBeCloseTo(1, 2);
  expect(item('dev', 'log').usd).toBe(0);
});

test('a standby broker costs once more what the broker does: docs/machine.md says how much', () => {
  // stacks/odd.test.ts sees each of them twice in the plan that has one.
  const parts = ['broker machine', 'its disk', 'data disk', 'public address'];
  const price = (stack: string) => parts.reduce((sum, what) => sum + item(stack, what).usd, 0).toFixed(2);
  const page = readFileSync(new URL('../docs/machine.md', import.meta.url), 'utf8');
  expect(page).toContain(`**${price('dev')} USD a month** for the sizes of dev, ${price('prod')} for those of prod`);
});

test('the managed profile has a price for each of its types, which grows with units and messages', async () => {
  const plan = await planned('dev', withManaged);
  const { items, unpriced } = makeBill(plan, USUAL);
  expect(unpriced).toEqual([]);
  const usd = (what: string, load = USUAL) =>
    makeBill(plan, load)
      .items.filter((one) => one.what === what)
      .reduce((sum, one) => sum + one.usd, 0);
  // 2,628,000 messages a month: 1,628,000 operations that are not free, 5,156,000 events.
  expect(usd('managed broker')).toBeCloseTo(0.04 * 730 + 1.628 + 5.156 * 0.6, 2);
  expect(usd('event hub')).toBeCloseTo(21.9 + 2.628 * 0.028, 2);
  expect(usd('private endpoint')).toBeCloseTo(7.3 + 2.628 * 0.01, 2);
  expect(usd('NAT gateway')).toBeCloseTo(32.85, 2);
  expect(usd('private DNS zone')).toBe(0.5);
  expect(usd('public address')).toBeCloseTo(2 * 3.65, 2);
  expect(usd('managed broker', { ...USUAL, messagesPerSecond: 1000 })).toBeGreaterThan(5000);
  const before = makeBill(planOf('dev'), USUAL).usd;
  const more = items.reduce((sum, one) => sum + one.usd, 0) - before;
  expect(more).toBeCloseTo(100.72, 2);
});

test('a busy Function App costs more than what is free, up to a run that never ends', () => {
  const usd = (messagesPerSecond: number, more = {}) =>
    item('dev', 'Function App', { ...USUAL, messagesPerSecond, ...more }).usd;
  expect(usd(1, { jobSeconds: 0 })).toBe(0);
  expect(usd(200)).toBeCloseTo((43_800 * (3 + 12 + 2) * 0.5 - 100_000) * 0.000026, 2);
  expect(usd(5_000)).toBe(usd(50_000));
  // A scrape is a second of 512 MB; with one every 10 seconds there are 100,400 more runs than are free.
  expect(usd(200, { scrapeEvery: 10 }) - usd(200)).toBeCloseTo(262_800 * 0.5 * 0.000026 + 100_400 * 0.4e-6, 2);
});

test('questions count with the cap of the platform', () => {
  const settings = planOf('dev').find(({ type }) => type === 'azure-native:web:WebAppApplicationSettings')!;
  const properties = { ...(settings.inputs.properties as object), QUESTIONS_PLATFORM_USD_MONTH: '12.5' };
  const [found] = makeBill([{ ...settings, inputs: { ...settings.inputs, properties } }], USUAL).items;
  expect(found).toEqual({ what: 'questions', detail: 'the cap: at most', usd: 12.5 });
  expect(makeBill([settings], USUAL).items).toEqual([]);
});

test('a type without a price is named, a size without one is an error', () => {
  const plan = planOf('dev');
  const gateway = { ...plan[0]!, type: 'azure-native:network:VpnGateway' };
  expect(makeBill([...plan, gateway], USUAL).unpriced).toEqual(['azure-native:network:VpnGateway']);
  const machine = plan.find(({ type }) => type === 'azure-native:compute:VirtualMachine')!;
  const odd = { ...machine, inputs: { ...machine.inputs, hardwareProfile: { vmSize: 'Standard_D2s_v5' } } };
  expect(() => makeBill([odd], USUAL)).toThrow('no price of Standard_D2s_v5; add it, with its source');
});

test('every size that a stack may choose has a price', () => {
  expect(Object.keys(PRICES.machinePerHour)).toEqual(expect.arrayContaining(Object.keys(VM_SIZES)));
});

test('the functions that run every minute are those of the app', () => {
  const folder = new URL('../functions/triggers/', import.meta.url);
  const timers = readdirSync(folder).flatMap((file) => {
    const found = /app\.timer\('(\w+)', \{\s+schedule: '\d+ \* \* \* \* \*'/.exec(
      readFileSync(new URL(file, folder), 'utf8'),
    );
    return found ? [found[1]] : [];
  });
  expect(timers.sort()).toEqual([...MINUTE_TIMERS].sort());
});

test('the free database is full in two weeks at a message a second', () => {
  expect(daysUntilFull(PRICES.supabase.free.databaseMb, 1)).toBeCloseTo(12.2, 1);
});
