// Reads Pulumi.yaml and Pulumi.<stack>.yaml as the Pulumi CLI does, with configuration values as the strings that the
// program's runner expects.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseGoYaml } from './go-yaml.ts';
import { Refusal } from './refusal.ts';

/** Replaces a value that is encrypted in the stack file: decrypting it needs the stack's key, which is not available offline. */
export const UNREADABLE = 'encrypted-value-not-readable-offline';

export interface Project {
  /** Absolute path of the folder that holds Pulumi.yaml. */
  root: string;
  name: string;
  stack: string;
  /** Absolute path of the folder that the program runs in, and its entry point in that folder. */
  workingFolder: string;
  entryPoint: string;
  /** Whether Pulumi's own TypeScript loader runs the program. Default in Pulumi.yaml: true. */
  typescript: boolean;
  /** Full key (`project:key`) to value; structured values are JSON. */
  config: Record<string, string>;
  /** Keys of `config` whose values are secret. */
  secretKeys: string[];
  /** Keys of `config` whose values are or contain {@link UNREADABLE}. */
  unreadableKeys: string[];
}

interface ProjectFile {
  name?: unknown;
  main?: unknown;
  runtime?: string | { name?: string; options?: { typescript?: boolean } };
  config?: Record<string, unknown>;
}

/** @throws Refusal when a file is missing or malformed, or the stack has no file. */
export function readProject(root: string, stack: string): Project {
  const file = readYaml<ProjectFile>(join(root, 'Pulumi.yaml'));
  const runtime = typeof file.runtime === 'string' ? { name: file.runtime } : file.runtime;
  if (typeof file.name !== 'string') throw new Refusal(`Pulumi.yaml in ${root} has no name.`);
  if (runtime?.name !== 'nodejs')
    throw new Refusal(`Pulumi.yaml: runtime is not nodejs; only Node programs can be previewed.`);
  const config = readConfig(root, file, stack);
  return {
    root,
    name: file.name,
    stack,
    ...entry(root, typeof file.main === 'string' ? file.main : '.'),
    typescript: runtime.options?.typescript ?? true,
    ...config,
  };
}

/** A program file runs in its own folder; a folder runs in itself (GetPwdMain in pulumi/pulumi). */
function entry(root: string, main: string): { workingFolder: string; entryPoint: string } {
  const path = resolve(root, main);
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new Refusal(`Pulumi.yaml: main is ${main}, but ${path} does not exist.`);
  return found.isDirectory()
    ? { workingFolder: path, entryPoint: '.' }
    : { workingFolder: dirname(path), entryPoint: basename(path) };
}

function readConfig(root: string, project: ProjectFile, stack: string) {
  const path = join(root, `Pulumi.${stack}.yaml`);
  if (!statSync(path, { throwIfNoEntry: false })) throw unknownStack(root, stack);
  const values = { ...projectDefaults(project), ...readYaml<{ config?: Record<string, unknown> }>(path).config };
  const config: Record<string, string> = {};
  const secretKeys: string[] = [];
  const unreadableKeys: string[] = [];
  for (const [key, raw] of Object.entries(values)) {
    if (raw === undefined) continue;
    const full = key.includes(':') ? key : `${project.name}:${key}`;
    const { value, encrypted } = decrypt(raw);
    config[full] = asText(value);
    if (!encrypted) continue;
    secretKeys.push(full);
    unreadableKeys.push(full);
  }
  return { config, secretKeys, unreadableKeys };
}

/** The string that Pulumi passes to the program; empty for a key without a value. */
function asText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value, jsonNumber) : String(value);
}

/** JSON.stringify refuses a bigint; the program would read a number anyway. */
const jsonNumber = (_key: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value);

/** Pulumi.yaml may give a key a plain value, or `value:` or `default:`. */
function projectDefaults({ config = {} }: ProjectFile): Record<string, unknown> {
  const defaults = Object.entries(config).map(([key, entry]): [string, unknown] => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return [key, entry];
    const { value, default: fallback } = entry as { value?: unknown; default?: unknown };
    return [key, value ?? fallback];
  });
  return Object.fromEntries(defaults);
}

/** Replaces `secure: <ciphertext>` with {@link UNREADABLE}, at any depth. */
function decrypt(raw: unknown): { value: unknown; encrypted: boolean } {
  if (typeof raw !== 'object' || raw === null) return { value: raw, encrypted: false };
  const entries = Object.entries(raw);
  if (entries.length === 1 && entries[0]![0] === 'secure' && typeof entries[0]![1] === 'string')
    return { value: UNREADABLE, encrypted: true };
  const inner = entries.map(([key, item]) => ({ key, ...decrypt(item) }));
  const encrypted = inner.some((item) => item.encrypted);
  if (Array.isArray(raw)) return { value: inner.map(({ value }) => value), encrypted };
  return { value: Object.fromEntries(inner.map(({ key, value }) => [key, value])), encrypted };
}

function unknownStack(root: string, stack: string): Refusal {
  const stacks = readdirSync(root).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
  const known =
    stacks.length > 0 ? `The stacks here are: ${stacks.sort().join(', ')}.` : 'There is no stack file here.';
  return new Refusal(`There is no stack "${stack}": Pulumi.${stack}.yaml does not exist in ${root}. ${known}`);
}

function readYaml<T>(path: string): T {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new Refusal(`${path} cannot be read. Use --cwd to name the project's folder.`);
  }
  try {
    return (parseGoYaml(text) ?? {}) as T;
  } catch (error) {
    throw new Refusal(`${path} is not valid YAML: ${(error as Error).message}`);
  }
}
