// All pairs, and the program of all resources of one kind, safe or unsafe.
import { ADMIN, type Made, native, type Pair, place } from './made.ts';
import { closed, NETWORK_PAIRS } from './network.ts';
import { account, SERVICE_PAIRS } from './services.ts';

/** Each takes its resources under names of its own, so that all safe ones are one stack, and all unsafe ones another. */
export const PAIRS: Pair[] = [...NETWORK_PAIRS, ...SERVICE_PAIRS];

/** What several pairs need. */
const COMMON: Made[] = [
  native('resources:ResourceGroup', 'group', { ...place, resourceGroupName: 'rg-corpus' }),
  native('network:VirtualNetwork', 'vnet', {
    ...place,
    virtualNetworkName: 'vnet',
    addressSpace: { addressPrefixes: ['10.10.0.0/16'] },
  }),
  closed,
  account('files')({}),
];

/** The files of a program that makes them, as stack prod: whatever is production's too is judged. */
export function programOf(resources: Made[]): Record<string, string> {
  const first = [...COMMON, ...resources.filter(({ name }) => name === 'address')];
  const all = [...first, ...resources.filter((each) => !first.includes(each))];
  return {
    'Pulumi.yaml': 'name: corpus\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nmain: program.mjs\n',
    'Pulumi.prod.yaml': `config:\n  mqtt-saas:adminCidrs: ["${ADMIN}"]\n  mqtt-saas:location: northeurope\n`,
    'package.json': '{ "name": "corpus", "type": "module" }',
    'resources.json': JSON.stringify(all),
    'program.mjs': `import { readFileSync } from 'node:fs';
import { CustomResource } from '@pulumi/pulumi';

const made = {};
const filled = (value) => {
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== 'object' || value === null) return value;
  if (value.$id) return made[value.$id].id;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item)]));
};
for (const { type, name, inputs, protect } of JSON.parse(readFileSync('resources.json', 'utf8')))
  made[name] = new CustomResource(type, name, filled(inputs), { protect });
`,
  };
}
