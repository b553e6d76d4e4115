// The plan: the resources that the program declares, as data to compare, commit and check. The same program gives the same
// bytes on any machine, and the plan contains no secrets.
import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';
import type { Resource, ResourceOptions } from './engine/resource.ts';
import { flatten, isObject, rewrite, type Wire, type WireObject } from './engine/wire.ts';
import { Refusal } from './refusal.ts';
import { REDACTED, type Scrub } from './secrets.ts';

/** One resource; unknown values are Pulumi's marker, secrets are `[secret]`. */
export interface PlanEntry extends Omit<Resource, 'outputs' | 'propertyDependencies'> {
  options: ResourceOptions & { propertyDependencies?: Record<string, string[]> };
}

/** Sorted by URN: the order of registration differs from run to run. */
export type Plan = PlanEntry[];

/** @param root the project's folder; paths below it are written relative to it. */
export function makePlan(resources: Iterable<Resource>, { root, scrub }: { root: string; scrub: Scrub }): Plan {
  const clean = (value: Wire) => sortKeys(redact(value, root, scrub));
  return [...resources]
    .map(({ urn, type, name, parent, custom, inputs, options, dependencies, propertyDependencies }): PlanEntry => {
      const all = Object.keys(propertyDependencies).length > 0 ? { ...options, propertyDependencies } : options;
      return {
        urn,
        type,
        name,
        parent,
        custom,
        inputs: clean(flatten(inputs)) as WireObject,
        options: clean(all as unknown as Wire) as PlanEntry['options'],
        dependencies,
      };
    })
    .sort((a, b) => (a.urn < b.urn ? -1 : 1));
}

function redact(value: Wire, root: string, scrub: Scrub): Wire {
  return rewrite(value, (item, kind) => {
    if (kind === 'secret') return REDACTED;
    return typeof item === 'string' ? scrub(withoutRoot(item, root)) : item;
  });
}

/** A path below the project's folder differs from machine to machine. */
function withoutRoot(text: string, root: string): string {
  if (!isAbsolute(text) || !(text === root || text.startsWith(root + sep))) return text;
  return relative(root, text) || '.';
}

function sortKeys(value: Wire): Wire {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sortKeys(value[key]!)]));
}

/** The plan as file content, for `--json` and for snapshots. */
export function formatPlan(plan: Plan): string {
  return `${JSON.stringify(plan, null, 2)}\n`;
}

/** Undefined when there is no such file. @throws Refusal when it is not a plan. */
export function readPlan(path: string): Plan | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const plan = JSON.parse(readFileSync(path, 'utf8')) as Plan;
    if (!Array.isArray(plan) || plan.some(({ urn, inputs }) => typeof urn !== 'string' || !inputs)) throw new Error();
    return plan;
  } catch {
    throw new Refusal(`${path} is not a plan. Recreate it with --update-snapshot.`);
  }
}
