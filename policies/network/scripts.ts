// Judges what resources run: Pulumi's commands, and scripts inside machines.
import { at, entriesOf, isObject, isSet, type Known, type KnownObject } from '../known.ts';
import { unpack } from '../secrets/unpack.ts';
import { COMMANDS, SCALE_SET, SCRIPT_RUNNERS } from '../types.ts';
import { cloudCall } from './cloud-commands.ts';

/** A text that is run, and the property that contains it. */
type Text = [where: string, text: string];

/** Every string in a value, with what can be unpacked from it. */
function textsIn(value: Known): string[] {
  if (typeof value === 'string') return unpack(value).texts;
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isObject(value) ? Object.values(value).flatMap(textsIn) : [];
}

/** What Pulumi runs: each text alone, and prefixed with its interpreter. */
function textsOfCommand({ interpreter, environment, stdin, ...props }: KnownObject): Text[] {
  const words = entriesOf(interpreter).filter((word) => typeof word === 'string');
  const lines = ['create', 'update', 'delete'].flatMap((key): Text[] => {
    const text = props[key];
    if (typeof text !== 'string') return [];
    return words.length > 0
      ? [
          [key, text],
          [key, [...words, text].join(' ')],
        ]
      : [[key, text]];
  });
  return [
    ...words.filter((word) => /\s/.test(word)).map((word): Text => ['interpreter', word]),
    ...lines,
    ...[stdin].filter((text) => typeof text === 'string').map((text): Text => ['stdin', text]),
    ...textsIn(environment).map((text): Text => ['environment', text]),
  ];
}

/** Resources that run scripts in a machine: a run command, an extension, or a scale set with inline extensions. */
function runnersIn(type: string, props: KnownObject): [prefix: string, runner: Known][] {
  if (type !== SCALE_SET) return [['', props]];
  const path = ['virtualMachineProfile', 'extensionProfile', 'extensions'];
  return entriesOf(at(props, ...path)).map((each) => [`${path.join('.')}.`, each]);
}
const SCRIPTS = ['source', 'settings', 'protectedSettings'];
const ADDRESSES = [
  ['source', 'scriptUri'],
  ['settings', 'fileUris'],
  ['protectedSettings', 'fileUris'],
  ['settings', 'configuration', 'url'],
];

const isGiven = (value: Known) => (Array.isArray(value) ? value.length > 0 : isSet(value));

function judgeRunner(prefix: string, runner: Known): string | undefined {
  const texts = SCRIPTS.flatMap((key) => textsIn(at(runner, key)).map((text): Text => [prefix + key, text]));
  // If the whole object is not known, other rules report it.
  const address = ADDRESSES.find(([key, ...rest]) => isObject(at(runner, key!)) && isGiven(at(runner, key!, ...rest)));
  return (
    judgeTexts(texts) ??
    (address && `runs a script from the address in ${prefix}${address.join('.')}, and no policy can judge what it does`)
  );
}

function judgeTexts(texts: Text[]): string | undefined {
  for (const [where, text] of texts) {
    const call = cloudCall(text);
    if (call !== undefined) return `calls ${call} in ${where} to create or change resources that no policy sees`;
  }
  return undefined;
}

/** Which text of a resource calls a cloud tool, as the end of a sentence about it; undefined when none does. */
export function judgeScripts(type: string, props: KnownObject): string | undefined {
  if (COMMANDS.includes(type)) return judgeTexts(textsOfCommand(props));
  return runnersIn(type, props)
    .map(([prefix, runner]) => judgeRunner(prefix, runner))
    .find(isSet);
}
/** Types that run commands or scripts. */
export const RUNNERS: readonly string[] = [...COMMANDS, ...SCRIPT_RUNNERS, SCALE_SET];
