// An environment's resource group, tags and names.
import { ResourceGroup } from '@pulumi/azure-native/resources/resourceGroup.js';
import { namesFor, type Placement } from '../components/placement.ts';
import { adoptedNames } from './adoption/plan.ts';
import { project } from './configuration/config.ts';
import type { StackConfig } from './configuration/parse.ts';

/** Makes the resource group. */
export function makePlacement(config: StackConfig): Placement {
  const { environment, location, owner, costCenter } = config;
  const tags = { environment, project, owner, costCenter };
  const names = adoptedNames(namesFor({ project, environment, suffix: config.nameSuffix }), config.adoption);
  const group = new ResourceGroup(
    'group',
    { resourceGroupName: names.own('rg'), location, tags },
    // Deleting the group deletes everything in it, protected or not.
    { protect: true },
  );
  return { resourceGroupName: group.name, resourceGroupId: group.id, location, tags, names };
}
