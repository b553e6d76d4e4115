// RET-02: the first series of burstable sizes will be retired.
import { at } from '../known.ts';
import { ONLY_KNOWN, type ResourceRule } from '../rule.ts';
import { VIRTUAL_MACHINE } from '../types.ts';

/** Bv1: Standard_B1ls to Standard_B20ms. Names of later series have `_v2` and a letter for the processor. */
const FIRST_SERIES = /^Standard_B\d+(ls|s|ms)$/i;

export const firstBurstableMachines: ResourceRule = {
  id: 'RET-02',
  name: 'retired-first-burstable-machines',
  phase: 2,
  severity: 'medium',
  enforcement: 'advisory',
  demand: 'No machine has a size of the first B series (Standard_B1s, Standard_B2s and similar).',
  reason:
    'Azure retires the series on 2028-11-15 and no longer offers it to new subscriptions, so the size may be unavailable when the machine must be rebuilt.',
  fix: 'set mqtt-saas:vmSize to Standard_B2ts_v2 or another size of the second series; the address, disk and identity are kept',
  sources: [
    'Microsoft Learn, "Migration guide for retiring VM sizes" (https://learn.microsoft.com/azure/virtual-machines/sizes/retirement/retired-sizes-list)',
  ],
  properties: { 'VirtualMachine.hardwareProfile.vmSize': ONLY_KNOWN },
  types: [VIRTUAL_MACHINE],
  remedy: 'changing the size changes the price and restarts the machine: the owner must decide',
  check({ urn, name, props }) {
    const size = at(props, 'hardwareProfile', 'vmSize');
    return typeof size === 'string' && FIRST_SERIES.test(size)
      ? [{ urn, message: `"${name}" has a size of the first B series, which Azure retires on 2028-11-15.` }]
      : [];
  },
};
