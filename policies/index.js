// Entry of the policy pack: `pulumi preview --policy-pack policies`. Creates the pack only.
import { PolicyPack } from '@pulumi/policy';
import { policies } from './pack.ts';

new PolicyPack('mqtt-saas', { policies, enforcementLevel: 'mandatory' });
