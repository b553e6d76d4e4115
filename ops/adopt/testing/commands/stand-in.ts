// Stand-in for the Azure and the Pulumi CLI: does nothing, and refuses what the real one would not understand, by what that one
// says of itself (syntax.json, which syntax.py writes). First word: az or pulumi.
import syntax from './syntax.json' with { type: 'json' };

interface Option {
  names: string[];
  values: string;
  required?: boolean;
  choices?: string[];
  /** Needed, unless --ids says it all. */
  idPart?: boolean;
}
interface Syntax {
  options: Option[];
  places: number;
}

/** How many values an option takes; none has no bound. */
const COUNTS: Record<string, [least: number, most: number]> = {
  none: [0, 0],
  one: [1, 1],
  optional: [0, 1],
  any: [0, Number.POSITIVE_INFINITY],
  some: [1, Number.POSITIVE_INFINITY],
};

function refuse(problem: string): never {
  console.error(`${process.argv.slice(2).join(' ')}\n${problem}`);
  process.exit(2);
}

const [tool = '', ...words] = process.argv.slice(2);
const commands: Record<string, Syntax> = tool === 'az' ? syntax.az.commands : syntax.pulumi.commands;
const name = Object.keys(commands)
  .sort((a, b) => b.length - a.length)
  .find((each) => each === words.slice(0, each.split(' ').length).join(' '));
if (name === undefined) refuse('is not a command in syntax.json');
const { options, places } = commands[name] as Syntax;

const given = new Map<Option, string[]>();
let free = 0;
let current: Option | undefined;
for (const word of words.slice(name.split(' ').length)) {
  if (/^-\S+$/.test(word)) {
    const [flag, value] = word.split(/=(.*)/s) as [string, string?];
    current = options.find(({ names }) => names.includes(flag));
    if (current === undefined) refuse(`unrecognized argument: ${flag}`);
    given.set(current, value === undefined ? [] : [value]);
    continue;
  }
  const values = current && given.get(current);
  if (current && values && values.length < (COUNTS[current.values]?.[1] ?? 1)) values.push(word);
  else if (++free > places) refuse(`unrecognized argument: ${word}`);
}

for (const [option, values] of given) {
  const flag = option.names[0] ?? '';
  if (values.length < (COUNTS[option.values]?.[0] ?? 1)) refuse(`${flag} expects a value`);
  const wrong = values.find((value) => !(option.choices ?? [value]).some((each) => same(each, value)));
  if (wrong !== undefined) refuse(`${flag}: ${wrong} is none of ${option.choices?.join(', ')}`);
  // A path is all of JMESPath that is judged here.
  if (flag === '--query' && !/^[\w.]+$/.test(values.join())) refuse(`--query ${values.join(' ')} is not a path`);
  if (flag === '--set' && tool === 'az' && !values.every((value) => /^[\w.[\]]+=./.test(value)))
    refuse(`--set ${values.join(' ')} is not PATH=VALUE`);
  if (flag === '--priority' && !/^\d+$/.test(values.join())) refuse('--priority is not a number');
}
const ids = [...given.keys()].some(({ names }) => names.includes('--ids'));
for (const option of options) {
  const isNeeded = option.required || (option.idPart && !ids && !option.names.includes('--subscription'));
  if (isNeeded && !given.has(option)) refuse(`${option.names[0]} is required`);
}
if (name === 'functionapp show') console.log('192.0.2.1,192.0.2.2');

/** Azure's own lists are told apart without regard to case. */
function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
