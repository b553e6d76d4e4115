// The page in Azure's portal that shows the state of an environment.
import { createHash } from 'node:crypto';
import { Workbook as AzureWorkbook } from '@pulumi/azure-native/applicationinsights/workbook.js';
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';

/** Arguments of {@link Workbook}. */
export interface WorkbookArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. Its title in the portal. */
  title: string;
  /** Required. Resource id of Application Insights, whose page lists the workbook and whose log its queries read. */
  insightsId: Input<string>;
  /** Required. Its content, as the portal's advanced editor shows it: JSON. */
  content: Input<string>;
}

/** A workbook shared with everyone who may read the environment. */
export class Workbook extends ComponentResource {
  constructor(name: string, args: WorkbookArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Workbook', name, {}, options);
    const { placement, title, insightsId, content } = args;
    const { resourceGroupName, location, tags, names } = placement;
    new AzureWorkbook(
      `${name}-workbook`,
      {
        // Azure accepts a UUID only.
        resourceName: uuidOf(names.own('rg')),
        resourceGroupName,
        location,
        tags,
        kind: 'shared',
        category: 'workbook',
        displayName: title,
        sourceId: insightsId,
        serializedData: content,
        version: 'Notebook/1.0',
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

/** Always the same for the same words (RFC 9562, version 8: the bits of a hash). */
function uuidOf(words: string): string {
  const bytes = createHash('sha256').update(`workbook of ${words}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
