// Side effects of in-place updates, such as restarts. Lists only documented effects; replacements need no explanation.
import type { ResourceChange } from './change.ts';
import { parsePath, touches } from './property-path.ts';

/**
 * By type: a property, and what changing it does. Sources, all Microsoft Learn: "Change the size of a virtual machine", "Configure
 * an App Service app" (app settings), "Run scripts in your Linux VM by using managed Run Commands".
 */
const BY_TYPE: Record<string, [property: string, effect: string][]> = {
  'azure-native:compute:VirtualMachine': [['hardwareProfile.vmSize', 'restarts the machine']],
  'azure-native:compute:VirtualMachineRunCommandByVirtualMachine': [['source', 'runs the script on the machine again']],
  'azure-native:web:WebAppApplicationSettings': [['properties', 'restarts the app']],
  'command:local:Command': [
    ['create', 'runs the command'],
    ['environment', 'runs the command'],
  ],
};

/** The distinct effects of a change; empty when it disrupts nothing. */
export function disruptionsOf({ entry, operation, changes }: ResourceChange): string[] {
  if (operation !== 'update') return [];
  const effects = BY_TYPE[entry.type] ?? [];
  const met = effects.filter(([property]) =>
    changes.some(({ path, certain }) => certain && touches(parsePath(property), path)),
  );
  return [...new Set(met.map(([, effect]) => effect))];
}
