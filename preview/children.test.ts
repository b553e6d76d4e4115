import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { POLICIES } from './fixtures/scratch.ts';

/** Starts the fixture pack, a server that never exits by itself, and prints its process id once it listens. */
const PARENT = `
  import { startNode } from ${JSON.stringify(new URL('./children.ts', import.meta.url).href)};
  const child = startNode('cmd/run-policy-pack/index.js', ['127.0.0.1:0', '.'], {
    folder: ${JSON.stringify(POLICIES)}, env: {},
    onStdout: () => console.log(child.process.pid),
  });`;

test('a child ends with its parent, however that ends', async () => {
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', PARENT], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(parent.stdout, 'data');
  const child = Number(String(line));
  expect(isRunning(child)).toBe(true);
  parent.kill('SIGKILL');
  while (isRunning(child)) await wait(20);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
