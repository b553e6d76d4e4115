// For tests: the committed plans of the real program, as a rule sees them.
import { readFileSync } from 'node:fs';
import type { Exceptions } from '../exceptions/exceptions.ts';
import { parseExceptions } from '../exceptions/parse.ts';
import { type KnownObject, known } from '../known.ts';
import { type Resource, undatedType } from '../resource.ts';
import type { Rule } from '../rule.ts';

interface Entry {
  urn: string;
  type: string;
  name: string;
  parent?: string;
  inputs: Record<string, unknown>;
  options: { protect?: boolean; propertyDependencies?: Record<string, string[]> };
  dependencies: string[];
}

/** A plan's resources, as a rule sees them. */
export const resourcesOf = (plan: readonly Entry[]): Resource[] =>
  plan.map(({ urn, type, name, parent, inputs, options, dependencies }) => ({
    urn,
    type: undatedType(type),
    name,
    parent,
    props: known(inputs) as KnownObject,
    outputs: known(inputs) as KnownObject,
    dependencies,
    propertyDependencies: options.propertyDependencies ?? {},
    isProtected: options.protect === true,
  }));

/** The plan of a stack, from stacks/snapshots. Secrets are redacted there. */
export const snapshot = (stack: string): Resource[] =>
  resourcesOf(JSON.parse(readFileSync(new URL(`../../stacks/snapshots/${stack}.json`, import.meta.url), 'utf8')));

/** The shipped exceptions, on a day when all of them were in force, so that tests do not depend on the date. */
export function shippedExceptions(rules: readonly Rule[]): Exceptions {
  const text = readFileSync(new URL('../exceptions.json', import.meta.url), 'utf8');
  return parseExceptions(text, rules, new Date('2026-11-21'));
}

/** The configuration of a stack that the real plans were made with, as the policies read it. */
export const REAL_CONFIG = { adminCidrs: ['203.0.113.10/32', '203.0.113.20/32'], regions: ['northeurope'] };
