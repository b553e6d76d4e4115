// Every secret that is generated begins with a canary. It is looked for wherever somebody who is not meant to see it may look; but
// for Pulumi's debug output, in which its SDK writes down whatever it is answered.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatPlan } from '../../preview/plan.ts';
import { CANARY, EngineStack } from './stack.ts';

/** A generated one goes on in hexadecimal; what the environment is given, the token and passwords, goes on with a name. */
const GENERATED = new RegExp(`${CANARY}[0-9a-f]{4}`);
/** Private keys are generated too. */
const KEY = /PRIVATE KEY-----/;

/** Text of every file below a folder, archives opened. */
function everything(folder: string): [path: string, text: string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const bytes = readFileSync(path);
      return [path, (path.endsWith('gz') ? gunzipSync(bytes) : bytes).toString('latin1')];
    });
}

describe.each(['dev', 'prod'])('of %s, no secret is in', (name) => {
  let stack: EngineStack;
  const said: string[] = [];
  beforeAll(async () => {
    stack = await EngineStack.open({ stack: name });
    for (const args of [['--diff', '--show-secrets=false'], []]) said.push((await stack.preview({ args })).output);
    const up = await stack.up({ pack: true, args: ['--diff'] });
    expect(up.status, up.output).toBe(0);
    said.push(up.output, JSON.stringify(up.steps));
    stack.configure((file) => file.replace(/(:costCenter: ).*/, '$1iot-9999'));
    const again = await stack.up({ args: ['--diff'] });
    said.push(again.output, JSON.stringify(again.steps));
  });
  afterAll(() => stack.close());

  /** So that what follows can find something. */
  it('nothing, unless they are asked for: then they are there', async () => {
    const shown = JSON.stringify(await stack.exportState('--show-secrets'));
    expect(shown.match(new RegExp(GENERATED, 'g'))?.length).toBeGreaterThan(4);
    if (name === 'dev') expect(shown).toMatch(KEY);
  });

  const isClean = (text: string, where: string) => {
    expect(GENERATED.exec(text)?.[0], where).toBeUndefined();
    expect(KEY.exec(text)?.[0], where).toBeUndefined();
    expect(text.includes(`${CANARY}-`), where).toBe(false);
  };

  it('what the engine prints and logs', () => {
    for (const text of said) isClean(text, 'output');
  });

  it('the state, its history and its backups', () => {
    const files = everything(stack.stateFolder);
    expect(files.length).toBeGreaterThan(3);
    for (const [path, text] of files) isClean(text, path);
  });

  it('what is exported, and the outputs', async () => {
    isClean(JSON.stringify(await stack.exportState()), 'stack export');
    isClean(await stack.must('stack', 'output', '--json', '--stack', name), 'stack output');
    isClean(await stack.must('stack', '--show-urns', '--stack', name), 'stack');
  });

  it('the offline plan', async () => {
    isClean(formatPlan(await stack.plan()), 'plan');
  });

  it('what is uploaded', () => {
    for (const [path, text] of everything(join(stack.dir, 'dist/deployments'))) isClean(text, path);
  });

  it('what the deployment’s commands are called with', () => {
    const calls = stack.recorded();
    expect(calls.map((call) => call.name)).toContain('az');
    for (const call of calls) {
      isClean(call.argv.join(' '), call.name);
      for (const [key, value] of Object.entries(call.env)) {
        expect(GENERATED.exec(value)?.[0], `${call.name}: ${key}`).toBeUndefined();
        expect(KEY.exec(value)?.[0], `${call.name}: ${key}`).toBeUndefined();
      }
    }
  });

  it('what Azure answers', () => {
    for (const { id, outputs } of stack.cloud.all()) {
      const { value: _, ...rest } = outputs;
      isClean(JSON.stringify(rest), id);
    }
  });
});
