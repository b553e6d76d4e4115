// The shapes of azure-native's types, read from the SDK's own declarations: which inputs a type takes, which outputs its response
// has, and the same of the objects inside.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../../bootstrap/root.mjs';

/** Property to type expression, such as `outputs.network.SubnetResponse[]`. */
export type Members = ReadonlyMap<string, string>;

export interface Shape {
  inputs: Members;
  required: readonly string[];
  outputs: Members;
  /** The API version that the type speaks; none for what is not of the REST API. */
  apiVersion?: string;
}

const SDK = join(ROOT, 'node_modules/@pulumi/azure-native');
const shapes = new Map<string, Shape | undefined>();
const interfaces = new Map<string, Members>();
/** The declarations of all objects, by `inputs` or `outputs`. */
const declarations = new Map<string, string>();

/** Undefined for a type that the SDK does not have. A dated type (`azure-native:network/v20250101:Subnet`) has the plain one's. */
export function shapeOf(type: string): Shape | undefined {
  const key = type.replace(/\/v\d+\w*:/, ':');
  if (!shapes.has(key)) shapes.set(key, readShape(key));
  return shapes.get(key);
}

function readShape(type: string): Shape | undefined {
  const [, module = '', name = ''] = type.split(':');
  const file = join(SDK, module, `${name.charAt(0).toLowerCase()}${name.slice(1)}.d.ts`);
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  const args = [
    ...members(section(text, `interface ${name}Args {`, '\n}'), /^ {4}(\w+)(\??): pulumi\.Input<(.*)>;$/gm),
  ];
  const outputs = members(
    section(text, `class ${name} extends`, '\n    constructor('),
    /^ {4}readonly (\w+)(): pulumi\.Output<(.*)>;$/gm,
  );
  const apiVersion = /Uses Azure REST API version (\S+)\./.exec(text)?.[1];
  return {
    inputs: new Map(args.map(([key, , expression]) => [key, expression])),
    required: args.filter(([, optional]) => optional === '').map(([key]) => key),
    outputs: new Map([...outputs].map(([key, , expression]) => [key, withoutUndefined(expression)])),
    ...(apiVersion && { apiVersion }),
  };
}

/** The members of a response's or an argument's object; none for a map or a plain value. */
export function membersOf(expression: string): Members | undefined {
  const [, kind = '', module, name] = /^(inputs|outputs)\.(\w+)\.(\w+)$/.exec(expression) ?? [];
  if (!name) return undefined;
  let found = interfaces.get(expression);
  if (!found) {
    const text = declarations.get(kind) ?? readFileSync(join(SDK, `types/${kind.slice(0, -1)}.d.ts`), 'utf8');
    declarations.set(kind, text);
    const from = text.indexOf(`export declare namespace ${module} {`);
    const body = section(text.slice(from), `interface ${name} {`, '\n    }');
    const read = members(body, /^ {8}(\w+)(\??): (.*);$/gm);
    found = new Map([...read].map(([key, , type]) => [key, kind === 'inputs' ? given(type) : withoutUndefined(type)]));
    interfaces.set(expression, found);
  }
  return found;
}

/** What an argument takes, without `pulumi.Input`: `inputs.network.SubnetArgs[]`. */
export function given(expression: string): string {
  const opened = withoutUndefined(expression).replace(/pulumi\.Input<([^<>]*)>/g, '$1');
  return opened === expression ? opened : given(opened);
}

/** The expression of a list's items; undefined if it is not a list. */
export const itemOf = (expression: string): string | undefined =>
  expression.endsWith('[]') ? expression.slice(0, -2).replace(/^\((.*)\)$/, '$1') : undefined;

/** A map type is written on three lines: it is put onto one. */
function section(text: string, begin: string, end: string): string {
  const from = text.indexOf(begin);
  if (from < 0) return '';
  return text
    .slice(from, text.indexOf(end, from) + 1)
    .replace(/\{\s*\[key: string\]: ([^;]*);\s*\}/g, '{[key: string]: $1}');
}

function* members(text: string, pattern: RegExp): Generator<[key: string, optional: string, type: string]> {
  for (const [, key = '', optional = '', type = ''] of text.matchAll(pattern)) yield [key, optional, type];
}

const withoutUndefined = (expression: string) => expression.replace(/ \| undefined$/, '');
