// Which environment a resource belongs to. Some rules are less strict outside production.
import type { PolicyConfigSchema } from '@pulumi/policy';
import { urnParts } from './exceptions/exception.ts';
import type { RuleConfig } from './rule.ts';

/** Stacks that are not production unless the configuration says otherwise. */
const NON_PRODUCTION = ['dev', 'test', 'sandbox'];

/** The configuration of every rule that distinguishes production. */
export const ENVIRONMENT_SCHEMA: PolicyConfigSchema = {
  properties: { nonProductionStacks: { type: 'array', items: { type: 'string' } } },
};

/**
 * True unless the stack's name, taken from the URN, is on the list of stacks that are not production. A stack that is not
 * listed may hold customer data.
 */
export function isProduction(urn: string, { nonProductionStacks }: RuleConfig): boolean {
  const stack = urnParts(urn)?.stack;
  const listed: unknown[] = Array.isArray(nonProductionStacks) ? nonProductionStacks : NON_PRODUCTION;
  return stack === undefined || !listed.includes(stack);
}
