// Entry of the policy pack: `pulumi preview --policy-pack policies`. Nothing but the pack may be made here.
import { PolicyPack } from '@pulumi/policy';
import { policies } from './pack.ts';

new PolicyPack('mqtt-saas', { policies, enforcementLevel: 'mandatory' });
