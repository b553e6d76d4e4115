// Reads settings from the environment: a job composes the fields it needs, and gets all problems at once.
import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';

/** Where settings are read from: the process's environment, or another one in a test. */
export type Environment = NodeJS.ProcessEnv;

/** Settings are missing or wrong. The message lists each with what to set, and never shows a value. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

/**
 * Reads the named settings. An empty one counts as missing: templates and the portal leave unset values empty. Instead of NAME,
 * NAME_FILE may give the file that holds it: containers get secrets that way.
 * @param problemsBetween problems between settings that are valid by themselves.
 * @throws SettingsError listing every missing or bad setting.
 */
export function read<Fields extends z.ZodRawShape>(
  fields: Fields,
  environment: Environment,
  problemsBetween: (environment: Environment) => string[] = () => [],
): z.output<z.ZodObject<Fields>> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const unread: string[] = [];
  for (const name of Object.keys(fields)) {
    const path = given[`${name}_FILE`];
    if (given[name] !== undefined || path === undefined) continue;
    try {
      const text = readFileSync(path, 'utf8').trimEnd();
      if (text !== '') given[name] = text;
    } catch {
      unread.push(`${name}_FILE names a file that cannot be read`);
    }
  }
  const parsed = z.object(fields).safeParse(given);
  const problems = [...unread, ...problemsBetween(given)];
  if (parsed.success && problems.length === 0) return parsed.data;
  for (const { path, message } of parsed.error?.issues ?? []) problems.push(`${path.join('.')} ${message}`);
  const lines = problems.map((line) => `  ${line}`);
  throw new SettingsError(`${problems.length} setting(s) to correct:\n${lines.join('\n')}`);
}

/** A required text. @param what to set it to, for the message. */
export const required = (what: string) =>
  z.string({ error: `is missing: set ${what}` }).min(1, `is empty: set ${what}`);

/** A whole number; `normal` if it is not set. */
export const wholeNumber = (least: number, most: number, normal: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${least} to ${most}`)
    .default(String(normal))
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`);

/** Runs a reader inside a schema: its error becomes the setting's problem. */
export const reading =
  <T>(readText: (text: string) => T) =>
  (text: string, context: z.RefinementCtx): T => {
    try {
      return readText(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  };

/** PEM text (some portals store its line breaks as `\n`), or the path of a PEM file. */
export const pem = z.string().min(1).transform(reading(readPem)).optional();

function readPem(text: string): string {
  const isText = text.includes('-----BEGIN');
  if (!isText && !existsSync(text)) throw new Error('is neither PEM text nor the path of a readable file');
  const content = isText ? text.replaceAll('\\n', '\n') : readFileSync(text, 'utf8');
  if (!content.includes('-----BEGIN CERTIFICATE-----')) throw new Error('holds no PEM certificate');
  return content;
}
