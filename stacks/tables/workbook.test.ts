// The workbook: Azure can run its queries and knows its metrics.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import azure from '../testing/azure-monitor.json' with { type: 'json' };
import { FIGURE_MEMBERS, LINE_MEMBERS, membersIn, problemsIn } from '../testing/kusto.ts';
import { one, planOf } from '../testing/plan.ts';
import workbook from './workbook.json' with { type: 'json' };

/** Azure's names of aggregations in a workbook. */
const AGGREGATIONS: Record<number, string> = { 1: 'Total', 2: 'Minimum', 3: 'Maximum', 4: 'Average' };

const queries = workbook.items.flatMap(({ name, content }) => ('query' in content ? [[name, content] as const] : []));
const metrics = workbook.items.flatMap(({ content }) => ('metrics' in content ? (content.metrics ?? []) : []));

it.each(queries)('the query of %s is valid for the chosen period', (_, content) => {
  // The portal fills in the grain for the period.
  expect(problemsIn((content.query ?? '').replaceAll('{period:grain}', '1m'))).toEqual([]);
  expect(content).toMatchObject({ timeContextFromParameter: 'period', title: expect.stringMatching(/./) });
});

it('asks for members that a line has', () => {
  const asked = queries.flatMap(([, { query = '' }]) => membersIn(query));
  expect(asked.length).toBeGreaterThan(queries.length);
  expect([...LINE_MEMBERS, ...FIGURE_MEMBERS]).toEqual(expect.arrayContaining(asked));
});

it('shows the readings, the errors, the dead letters and the queue', () => {
  const names = workbook.items.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['readings', 'errors', 'dead-letters', 'waiting', 'memory']));
  expect(new Set(names).size).toBe(names.length);
});

it.each(metrics.map((each) => [each.metric, each.aggregation] as const))('Azure knows %s', (metric, aggregation) => {
  const [type, name = ''] = metric.split('--');
  expect(type).toBe('microsoft.compute/virtualmachines');
  const known: Record<string, string[]> = azure.metrics['Microsoft.Compute/virtualMachines'].metrics;
  expect(known[name]).toContain(AGGREGATIONS[aggregation]);
});

it('belongs to the environment, and the plan shows its content', async () => {
  const plan = await planOf('dev');
  const { resourceName, sourceId: _, serializedData, ...rest } = one(plan, 'applicationinsights:Workbook').inputs;
  expect(resourceName).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(rest).toMatchObject({ kind: 'shared', displayName: 'MQTT platform (dev)', category: 'workbook' });
  const { vmName } = one(plan, 'compute:VirtualMachine').inputs;
  const { resourceName: insights } = one(plan, 'applicationinsights:Component').inputs;
  expect(serializedData).toContain(
    `/resourceGroups/rg-mqtt-saas-dev/providers/Microsoft.Compute/virtualMachines/${vmName}"`,
  );
  expect(serializedData).toContain(`/providers/Microsoft.Insights/components/${insights}"`);
  expect(serializedData).not.toMatch(/\{(machine|insights)\}/);
  expect(JSON.parse(serializedData).items).toHaveLength(workbook.items.length);
  expect(readFileSync(join(ROOT, 'docs/monitoring.md'), 'utf8')).toContain('MQTT platform (dev)');
});
