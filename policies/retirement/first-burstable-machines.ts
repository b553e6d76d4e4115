// RET-02: the first burstable sizes have an end date.
import { at } from '../known.ts';
import { ONLY_KNOWN, type ResourceRule } from '../rule.ts';
import { VIRTUAL_MACHINE } from '../types.ts';

/** Bv1: Standard_B1ls to Standard_B20ms. Later series carry `_v2` and a letter for their processor. */
const FIRST_SERIES = /^Standard_B\d+(ls|s|ms)$/i;

export const firstBurstableMachines: ResourceRule = {
  id: 'RET-02',
  name: 'retired-first-burstable-machines',
  phase: 2,
  severity: 'medium',
  enforcement: 'advisory',
  demand: 'No machine is of the first B series (Standard_B1s, Standard_B2s and their like).',
  reason:
    'Azure retires that series on 2028-11-15 and already withholds it from new subscriptions: the day the machine has to be rebuilt may come when its size is no longer given.',
  fix: 'set mqtt-saas:vmSize to Standard_B2ts_v2 or another size of the second series; address, disk and identity stay',
  sources: [
    'Microsoft Learn, "Migration guide for retiring VM sizes" (https://learn.microsoft.com/azure/virtual-machines/sizes/retirement/retired-sizes-list)',
  ],
  properties: { 'VirtualMachine.hardwareProfile.vmSize': ONLY_KNOWN },
  types: [VIRTUAL_MACHINE],
  remedy: 'another size costs another price and the machine stops for it: both are the owner’s decision',
  check({ urn, name, props }) {
    const size = at(props, 'hardwareProfile', 'vmSize');
    return typeof size === 'string' && FIRST_SERIES.test(size)
      ? [{ urn, message: `"${name}" is of the first B series, which ends on 2028-11-15.` }]
      : [];
  },
};
