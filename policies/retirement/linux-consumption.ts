// RET-03: the Consumption plan on Linux has an end date.
import { at, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, REQUIRED, type ResourceRule } from '../rule.ts';
import { APP_SERVICE_PLAN } from '../types.ts';

export const linuxConsumption: ResourceRule = {
  id: 'RET-03',
  name: 'retired-linux-consumption',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand: 'No plan for Linux is the Consumption plan (Y1, tier Dynamic). A plan for Windows is left alone.',
  reason:
    'Azure retires it on 2028-09-30; it gets no Node after version 22 and has no virtual network, and moving an app to Flex Consumption later means making it anew.',
  fix: 'set sku: { name: "FC1", tier: "FlexConsumption" }, the Flex Consumption plan',
  sources: [
    'Microsoft Learn, "Azure Functions Consumption plan hosting" (https://learn.microsoft.com/azure/azure-functions/consumption-plan)',
  ],
  properties: {
    'AppServicePlan.sku.name': REQUIRED,
    'AppServicePlan.sku.tier': DEFAULT_IS_SAFE,
  },
  types: [APP_SERVICE_PLAN],
  remedy: 'a Flex Consumption app is configured differently, so another plan alone would not start',
  check({ urn, name, props }) {
    const isLinux = props.reserved !== false && (props.reserved !== undefined || !isWindows(props.kind));
    const sku = [at(props, 'sku', 'name'), at(props, 'sku', 'tier')];
    const isConsumption = sku.some((text) => typeof text === 'string' && /^(y\d|dynamic)$/i.test(text));
    const isUnsure = sku[0] === undefined || sku.includes(UNKNOWN);
    return isLinux && (isConsumption || isUnsure)
      ? [{ urn, message: `"${name}" is a Consumption plan on Linux, or it is not known that it is none.` }]
      : [];
  },
};

/** Without `reserved` Azure makes a Windows plan, unless its kind says Linux. */
function isWindows(kind: unknown): boolean {
  return typeof kind !== 'string' || !/linux/i.test(kind);
}
