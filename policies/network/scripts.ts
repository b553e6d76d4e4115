// What resources run: commands of Pulumi, and scripts inside machines.
import { at, entriesOf, isObject, isSet, type Known, type KnownObject } from '../known.ts';
import { unpack } from '../secrets/unpack.ts';
import { COMMANDS, SCALE_SET, SCRIPT_RUNNERS } from '../types.ts';
import { cloudCall } from './cloud-commands.ts';

/** A text that is run, and the name of its place. */
type Text = [where: string, text: string];

/** Every text in a value, with what it is the base64 of. */
function textsIn(value: Known): string[] {
  if (typeof value === 'string') return unpack(value).texts;
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isObject(value) ? Object.values(value).flatMap(textsIn) : [];
}

/** What Pulumi runs: each text alone, and behind the words of its interpreter. */
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

/** What runs scripts in a machine: a run command, an extension, or a scale set with extensions written inside it. */
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
  // Where the whole object is not known, other rules say so.
  const address = ADDRESSES.find(([key, ...rest]) => isObject(at(runner, key!)) && isGiven(at(runner, key!, ...rest)));
  return (
    judgeTexts(texts) ??
    (address && `runs a script by its address in ${prefix}${address.join('.')}, and no policy can judge what it does`)
  );
}

function judgeTexts(texts: Text[]): string | undefined {
  for (const [where, text] of texts) {
    const call = cloudCall(text);
    if (call !== undefined) return `calls ${call} in ${where} to make or change resources, and no policy sees them`;
  }
  return undefined;
}

/** Which text that a resource runs calls the cloud's tools, as the end of a sentence about it; undefined when none does. */
export function judgeScripts(type: string, props: KnownObject): string | undefined {
  if (COMMANDS.includes(type)) return judgeTexts(textsOfCommand(props));
  return runnersIn(type, props)
    .map(([prefix, runner]) => judgeRunner(prefix, runner))
    .find(isSet);
}
/** Types that run something. */
export const RUNNERS: readonly string[] = [...COMMANDS, ...SCRIPT_RUNNERS, SCALE_SET];
