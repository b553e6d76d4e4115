// The commands of az that a report has people run, done to the stand-in Azure. What only reads, and what it does not know, does nothing.
import type { Cloud, Thing } from './cloud.ts';
import { isObject, type WireObject } from './values.ts';

/** Runs every command in a text, in its order. @returns those that did something. */
export function runAz(cloud: Cloud, text: string): string[] {
  const lines = text.replace(/\\\n\s*/g, '');
  return [...lines.matchAll(/\baz (?=[a-z])/g)].flatMap(({ index }) => {
    const words = commandAt(lines.slice(index + 'az '.length));
    const first = words.findIndex((word) => word.startsWith('-'));
    const verb = words.slice(0, first).join(' ');
    const run = COMMANDS[verb];
    if (!run) return [];
    run(cloud, optionsOf(words.slice(first)));
    return verb;
  });
}

type Options = Record<string, string[]>;

/** The words up to the end of the line or of the command: a colon, comma or full stop is the sentence's. */
function commandAt(text: string): string[] {
  const words: string[] = [];
  for (const [, quoted, plain = ''] of (text.split(/[\n`|]|&&/)[0] ?? '').matchAll(/'([^']*)'|(\S+)/g)) {
    words.push(quoted ?? plain.replace(/[:,;.]$/, ''));
    if (/[:,;.]$/.test(plain)) break;
  }
  return words;
}

/** `--set a=1 b=2` is two values of one option. */
function optionsOf(words: string[]): Options {
  const options: Options = {};
  let last = '';
  for (const word of words) {
    if (/^--?[a-z]/.test(word)) {
      last = word.replace(/^-+/, '').replace(/^n$/, 'name').replace(/^g$/, 'resource-group');
      options[last] ??= [];
    } else options[last] = [...(options[last] ?? []), word];
  }
  return options;
}

const RESOURCE_TYPES: Record<string, string> = {
  'Microsoft.Compute/virtualMachines': 'compute:VirtualMachine',
  'Microsoft.Network/networkInterfaces': 'network:NetworkInterface',
};

const COMMANDS: Record<string, (cloud: Cloud, options: Options) => void> = {
  // Azure's own answer, with properties one level down.
  'resource update': (cloud, options) => {
    const [type = ''] = options['resource-type'] ?? [];
    const own = Object.keys(RESOURCE_TYPES).find((each) => each.toLowerCase() === type.toLowerCase());
    if (own) set(named(cloud, RESOURCE_TYPES[own]!, options), options);
  },
  'functionapp stop': (cloud, options) => {
    named(cloud, 'web:WebApp', options).outputs.state = 'Stopped';
  },
  'functionapp start': (cloud, options) => {
    named(cloud, 'web:WebApp', options).outputs.state = 'Running';
  },
};

/** @throws Error when there is no such thing, as az does. */
const named = (cloud: Cloud, type: string, { name: [name = ''] = [] }: Options): Thing =>
  cloud.find(`azure-native:${type}`, `/${name}`);

/** `--set properties.storageProfile.osDisk.deleteOption=Detach`: what a thing has here lies without `properties`. */
function set({ outputs }: Thing, { set: changes = [] }: Options): void {
  for (const change of changes) {
    const [path = '', value = ''] = change.split(/=(.*)/s);
    const keys = path.split(/[.[\]]+/).filter((key) => key !== '' && key !== 'properties');
    const last = keys.pop()!;
    // biome-ignore lint/suspicious/noExplicitAny: a path into JSON.
    const into = keys.reduce<any>((node, key) => node?.[key], outputs) as WireObject | undefined;
    if (!isObject(into)) throw new Error(`az: there is no ${path} to set`);
    into[last] = value;
  }
}
