// The content of the workbook: workbook.json, for the resources of one environment.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Input, interpolate, type Output } from '@pulumi/pulumi';
import type { Names } from '../../components/placement.ts';

const TEMPLATE = join(import.meta.dirname, 'workbook.json');

/**
 * Its content. Resource ids are built here instead of taken from Azure, which are not known before a deployment: unknown ids would
 * hide every change of the content from a preview.
 */
export function workbookContent(names: Names, subscriptionId: Input<string>): Output<string> {
  const providers = interpolate`/subscriptions/${subscriptionId}/resourceGroups/${names.own('rg')}/providers`;
  return providers.apply((path) =>
    readFileSync(TEMPLATE, 'utf8')
      .replaceAll('{machine}', `${path}/Microsoft.Compute/virtualMachines/${names.own('vm')}`)
      .replaceAll('{insights}', `${path}/Microsoft.Insights/components/${names.own('appi')}`),
  );
}
