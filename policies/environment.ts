// Which environment a resource belongs to. Rules may ask less of one that is surely not production.
import type { PolicyConfigSchema } from '@pulumi/policy';
import { urnParts } from './exceptions/exception.ts';
import type { RuleConfig } from './rule.ts';

/** Stacks that are not production unless the configuration says otherwise. */
const NON_PRODUCTION = ['dev', 'test', 'sandbox'];

/** The configuration of every rule that asks. */
export const ENVIRONMENT_SCHEMA: PolicyConfigSchema = {
  properties: { nonProductionStacks: { type: 'array', items: { type: 'string' } } },
};

/**
 * True unless the stack's name, which the URN tells, is on the list of those that are not production: a name nobody
 * listed may hold somebody's data.
 */
export function isProduction(urn: string, { nonProductionStacks }: RuleConfig): boolean {
  const stack = urnParts(urn)?.stack;
  const listed: unknown[] = Array.isArray(nonProductionStacks) ? nonProductionStacks : NON_PRODUCTION;
  return stack === undefined || !listed.includes(stack);
}
