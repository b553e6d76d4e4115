// Outputs of a new resource as azure-native reports them during a preview: the inputs that also exist in Azure's response. Every
// other property of the response is unknown, also inside lists of objects. Names that are part of the resource's id are inputs
// only. (PreviewOutputs in pulumi-azure-native, provider/pkg/convert/previewOutputs.go.)
// The properties of a response are read from the SDK's declarations: `readonly x: pulumi.Output<…>`, types/output.d.ts.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { flatten, isObject, isSecret, secret, UNKNOWN, type Wire, type WireObject } from './wire.ts';

/** Property to its declared type. */
type Shape = ReadonlyMap<string, string>;

/** `azure-native:network:Subnet`. Other API versions, which the SDK does not declare, are assumed to be alike. */
const TYPE = /^azure-native(?:_\w+)?:(\w+)(?:\/v\w+)?:(\w+)$/;
const MEMBER = /^\s+(?:readonly )?(\w+)\??: (.*);$/gm;

/** The SDK that the program has installed; each type is read once. */
export class AzureOutputs {
  private readonly folder: string | undefined;
  private readonly shapes = new Map<string, Shape | undefined>();
  /** Each namespace of types/output.d.ts, which is nine megabytes. */
  private readonly namespaces = new Map<string, string>();
  private types: string | undefined;

  /** @param root the program's folder. */
  constructor(root: string) {
    this.folder = sdkFolder(root);
  }

  /** @returns the flattened inputs for types that are not declared or not of azure-native. */
  preview(type: string, inputs: WireObject): WireObject {
    const given = flatten(inputs) as WireObject;
    const shape = this.classShape(type);
    return shape ? this.previewObject(given, shape) : given;
  }

  private previewObject(given: WireObject, shape: Shape): WireObject {
    const entries = [...shape].map(([key, declared]): [string, Wire] => [key, this.previewValue(given[key], declared)]);
    return Object.fromEntries(entries);
  }

  private previewValue(value: Wire | undefined, declared: string): Wire {
    const literal = /^"([^"]*)"$/.exec(declared)?.[1];
    if (literal !== undefined) return literal;
    if (value === undefined || value === null || value === UNKNOWN) return UNKNOWN;
    if (isSecret(value)) return secret(this.previewValue(value.value, declared));
    if (['string', 'number', 'boolean'].includes(declared)) return typeof value === declared ? value : UNKNOWN;
    const item = /^\(?(.+?)\)?\[\]$/s.exec(declared)?.[1];
    if (item !== undefined) return Array.isArray(value) ? value.map((each) => this.previewValue(each, item)) : UNKNOWN;
    const ofMap = /^\{\s*\[key: string\]: (.+);\s*\}$/s.exec(declared)?.[1];
    const named = /^outputs\.(\w+)\.(\w+)$/.exec(declared);
    // For a union or an arbitrary value, azure-native returns the input.
    if (ofMap === undefined && named === null) return value;
    if (!isObject(value)) return UNKNOWN;
    if (ofMap !== undefined)
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.previewValue(each, ofMap)]));
    const shape = this.interfaceShape(named![1]!, named![2]!);
    return shape ? this.previewObject(value, shape) : value;
  }

  private classShape(type: string): Shape | undefined {
    const [, module, name] = TYPE.exec(type) ?? [];
    if (module === undefined || name === undefined || this.folder === undefined) return undefined;
    return this.once(type, () => {
      const text = readText(join(this.folder!, module, `${name[0]!.toLowerCase()}${name.slice(1)}.d.ts`));
      const start = text.indexOf(`class ${name} `);
      return membersOf(text.slice(start, text.indexOf('constructor(', start)), (declared) =>
        /^pulumi\.Output<(.*)>$/s.exec(declared)?.[1]?.replace(/ \| undefined$/, ''),
      );
    });
  }

  private interfaceShape(module: string, name: string): Shape | undefined {
    return this.once(`${module}.${name}`, () => {
      const text = this.namespace(module);
      const start = text.indexOf(`    interface ${name} {`);
      return start < 0
        ? undefined
        : membersOf(text.slice(start, text.indexOf('\n    }', start)), (declared) => declared);
    });
  }

  private namespace(module: string): string {
    const known = this.namespaces.get(module);
    if (known !== undefined) return known;
    this.types ??= readText(join(this.folder!, 'types/output.d.ts'));
    const start = this.types.indexOf(`export declare namespace ${module} {`);
    const text = start < 0 ? '' : this.types.slice(start, this.types.indexOf('\n}', start));
    this.namespaces.set(module, text);
    return text;
  }

  private once(key: string, make: () => Shape | undefined): Shape | undefined {
    if (!this.shapes.has(key)) this.shapes.set(key, make());
    return this.shapes.get(key);
  }
}

/** Declarations without comments, one per line. @param typeOf returns undefined for a member that is not an output. */
function membersOf(text: string, typeOf: (declared: string) => string | undefined): Shape | undefined {
  const lines = text.replace(/\{\s*\[key: string\]: ([^;]*);\s*\}/g, '{ [key: string]: $1; }');
  const members = [...lines.matchAll(MEMBER)].flatMap(([, name, declared]): [string, string][] => {
    const type = typeOf(declared!);
    return type === undefined ? [] : [[name!, type]];
  });
  return members.length > 0 ? new Map(members) : undefined;
}

function sdkFolder(root: string): string | undefined {
  try {
    return dirname(createRequire(join(root, 'package.json')).resolve('@pulumi/azure-native/package.json'));
  } catch {
    return undefined;
  }
}

/** Empty for a missing file: the type then declares nothing. Only ASCII matters, and Latin-1 is faster. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
