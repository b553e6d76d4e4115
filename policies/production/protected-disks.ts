// PROD-01: no change of the program deletes the messages of a production environment.
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
    'In production every managed disk that is a resource of its own has the option protect. A stack counts as production unless its name is known not to be (dev, test, sandbox, or as configured).',
  reason:
    'Such a disk is there to outlive its machine. A renamed component would otherwise delete it and make an empty one.',
  fix: 'give the Disk the resource option { protect: true }; list other stacks in nonProductionStacks of production-protected-disks',
  sources: ['Pulumi, "protect" resource option (https://www.pulumi.com/docs/iac/concepts/options/protect/)'],
  properties: { 'Disk.options.protect': REQUIRED },
  configSchema: ENVIRONMENT_SCHEMA,
  types: [DISK],
  remedy: 'Pulumi lets a policy write inputs, not options',
  check: ({ urn, name, isProtected }, config) =>
    isProtected || !isProduction(urn, config)
      ? []
      : [{ urn, message: `"${name}" is not protected against being deleted by a change of the program.` }],
};
