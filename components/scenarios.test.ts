// Every component in its three scenarios: planned, judged, unchanged the second time, and shown in docs/reference/components.md.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { diffPlans } from '../preview/diff.ts';
import { type Preview, preview } from '../preview/preview.ts';
import { describeComponents, renderComponentsDoc, scenarioSources } from './testing/components-doc.ts';
import { SCENARIOS } from './testing/scenarios/scenario.ts';

const ROOT = join(import.meta.dirname, '..');
const PROGRAM = { stack: 'test', root: join(ROOT, 'components/testing') };

let first: Preview;
beforeAll(async () => {
  first = await preview({ ...PROGRAM, policyPack: join(ROOT, 'policies') });
});

it('has each component of the folder, three times', () => {
  const tokens = describeComponents().map(({ className }) => `mqtt-saas:index:${className}`);
  expect(tokens.length).toBeGreaterThan(15);
  for (const scenario of SCENARIOS) {
    const planned = first.plan.filter(({ custom, name }) => !custom && name.startsWith(`${scenario}-`));
    expect(planned.map(({ type }) => type).sort(), scenario).toEqual(tokens);
  }
  expect([...scenarioSources().keys()].sort()).toEqual(describeComponents().map(({ className }) => className));
});

it('names and places every resource as a part of its component', () => {
  for (const { name, parent, type } of first.plan.filter(({ custom }) => custom)) {
    if (type.endsWith(':ResourceGroup')) continue;
    const [, component] = /::([^:]+)$/.exec(parent) ?? [];
    expect(name.startsWith(`${component}-`), `${name} of ${component}`).toBe(true);
  }
});

it('is the same the second time', async () => {
  const second = await preview({ ...PROGRAM, policyPack: false });
  const diff = diffPlans(first.plan, second.plan, { stack: 'test', project: 'mqtt-saas' });
  expect(diff.filter(({ operation }) => operation !== 'same')).toEqual([]);
});

describe('the policies', () => {
  /** The policies that object to a scenario's resources; one twice if it objects to two. */
  const against = (scenario: string) =>
    first.policies?.violations.flatMap(({ policy, urn }) => ((urn ?? '').includes(`::${scenario}-`) ? [policy] : [])) ??
    [];

  it('have no objection to what is hardened, except those accepted for every environment', () => {
    const accepted = JSON.parse(readFileSync(join(ROOT, 'policies/exceptions.json'), 'utf8')) as { policy: string }[];
    // A program may have one public address; here three environments, each with its own, are one program.
    const expected = [...accepted.map(({ policy }) => policy), 'network-public-address-fixed'];
    expect(expected).toEqual(expect.arrayContaining(against('hardened')));
    expect(against('hardened').length).toBeGreaterThan(0);
  });

  it('do object to what is left out, and to ports beyond the contract', () => {
    expect(against('defaults')).toContain('governance-diagnostics');
    expect(against('max')).toContain('network-ingress-contract');
  });
});

describe('docs/reference/components.md', () => {
  it('is generated from the components', async () => {
    await expect(renderComponentsDoc()).toMatchFileSnapshot('../docs/reference/components.md');
  });

  it('has a description of every argument, which says whether it is required', () => {
    for (const { className, about, args } of describeComponents()) {
      expect(about, className).toMatch(/\w/);
      expect(args.length, className).toBeGreaterThan(0);
      for (const [name, text] of args) expect(text, `${className}.${name}`).toMatch(/^(Required|Optional)\. \w/);
    }
  });
});
