// PROD-01: no change to the program deletes a production environment's messages.
import { ENVIRONMENT_SCHEMA, isProduction } from '../environment.ts';
import { REQUIRED, type ResourceRule } from '../rule.ts';
import { DISK } from '../types.ts';

export const protectedDisks: ResourceRule = {
  id: 'PROD-01',
  name: 'production-protected-disks',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'In production, every Disk resource has the option protect. Every stack is production unless it is listed otherwise (dev, test, sandbox, or as configured).',
  reason:
    'A separate disk must outlive its machine. Without protect, renaming a component would delete the disk and create an empty one.',
  fix: 'set the resource option { protect: true } on the Disk, or list a stack that does not need it in nonProductionStacks of production-protected-disks',
  sources: ['Pulumi, "protect" resource option (https://www.pulumi.com/docs/iac/concepts/options/protect/)'],
  properties: { 'Disk.options.protect': REQUIRED },
  configSchema: ENVIRONMENT_SCHEMA,
  types: [DISK],
  remedy: 'a policy can change inputs, not options',
  check: ({ urn, name, isProtected }, config) =>
    isProtected || !isProduction(urn, config) ? [] : [{ urn, message: `"${name}" does not have the option protect.` }],
};
