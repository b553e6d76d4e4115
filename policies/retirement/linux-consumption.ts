// RET-03: the Consumption plan on Linux will be retired.
import { at, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, REQUIRED, type ResourceRule } from '../rule.ts';
import { APP_SERVICE_PLAN } from '../types.ts';

export const linuxConsumption: ResourceRule = {
  id: 'RET-03',
  name: 'retired-linux-consumption',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand: 'No Linux plan is a Consumption plan (Y1, tier Dynamic). Windows plans are not judged.',
  reason:
    'Azure retires it on 2028-09-30. It supports Node up to version 22 only and no virtual network, and moving an app to Flex Consumption later means creating it again.',
  fix: 'set sku: { name: "FC1", tier: "FlexConsumption" }, the Flex Consumption plan',
  sources: [
    'Microsoft Learn, "Azure Functions Consumption plan hosting" (https://learn.microsoft.com/azure/azure-functions/consumption-plan)',
  ],
  properties: {
    'AppServicePlan.sku.name': REQUIRED,
    'AppServicePlan.sku.tier': DEFAULT_IS_SAFE,
  },
  types: [APP_SERVICE_PLAN],
  remedy: 'a Flex Consumption app is configured differently, so the app would not start with only the plan changed',
  check({ urn, name, props }) {
    const isLinux = props.reserved !== false && (props.reserved !== undefined || !isWindows(props.kind));
    const sku = [at(props, 'sku', 'name'), at(props, 'sku', 'tier')];
    const isConsumption = sku.some((text) => typeof text === 'string' && /^(y\d|dynamic)$/i.test(text));
    const isUnsure = sku[0] === undefined || sku.includes(UNKNOWN);
    return isLinux && (isConsumption || isUnsure)
      ? [
          {
            urn,
            message: `"${name}" is a Consumption plan on Linux, or its SKU is absent or not known during preview.`,
          },
        ]
      : [];
  },
};

/** Without `reserved`, Azure creates a Windows plan unless its kind says Linux. */
function isWindows(kind: unknown): boolean {
  return typeof kind !== 'string' || !/linux/i.test(kind);
}
