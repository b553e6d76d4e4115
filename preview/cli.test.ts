// The command as people and CI run it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { POLICIES, PROJECT, scratchProject, stackFile } from './fixtures/scratch.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

async function run(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk) => (said.stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (said.stderr += chunk));
  const [code] = await once(child, 'close');
  // How far a slow run is depends on the machine.
  return { code, stdout: said.stdout, stderr: said.stderr.replace(/^\.\.\. \d+ resources? so far\n/gm, '') };
}

const inProject = (root: string, ...args: string[]) =>
  run('--cwd', root, '--policy-pack', POLICIES, '--stack', 'dev', ...args);

function edit(path: string, change: (text: string) => string) {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

test('without a snapshot everything is created, and it says how to make one', async () => {
  const { code, stdout, stderr } = await inProject(PROJECT);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/ \+ {3}│ {2}└─ random:index:RandomPassword +vault-password +create\n/);
  expect(stdout).toContain('10 resources: + 10 to create');
  expect(stdout).toMatch(/stacks\/snapshots\/dev\.json does not exist.*--update-snapshot/);
  expect(stdout).toContain('Encrypted, replaced by a placeholder: preview-fixture:apiToken');
  expect(stdout).toMatch(/! advisory group-is-tagged on group .*\n {5}tag owner is missing\n/);
});

test('with one it shows what changes, and that is not a failure', async () => {
  const root = scratchProject();
  expect((await inProject(root, '--update-snapshot', '--no-policies')).code).toBe(0);
  expect((await inProject(root, '--no-policies')).stdout).toContain('No changes since ');
  edit(join(root, 'network.ts'), (text) =>
    text.replace('priority: 100', 'priority: 110').replace('nsg-fixture-dev', 'nsg-other'),
  );
  edit(join(root, 'program.ts'), (text) => text.replace("'rg-fixture-dev'", "'rg-other'"));
  const file = join(root, 'plan.json');
  const { code, stdout } = await inProject(root, '--json', file);
  expect(code).toBe(0);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveLength(10);
  expect(stdout).toContain('± replace azure-native:network:NetworkSecurityGroup net-nsg');
  expect(stdout).toContain('~ securityRules.allow-ssh-admin.priority: 100 → 110\n');
  expect(stdout).toContain('~ networkSecurityGroupName: "nsg-fixture-dev" → "nsg-other" (cannot change in place)');
  expect(stdout).toContain('protected: the deployment stops here');
  expect(stdout).toContain('10 resources: ± 6 to replace, 4 unchanged');
});

test('a mandatory violation fails the command', async () => {
  const open = stackFile({ 'preview-fixture:adminCidrs': ['0.0.0.0/0'] });
  const { code, stdout } = await inProject(scratchProject({ 'Pulumi.dev.yaml': open }));
  expect(code).toBe(1);
  expect(stdout).toMatch(/✗ mandatory ssh-is-narrow on net-nsg .*\n.*lets anybody in\n {5}fix: Set adminCidrs/);
});

test('a broken pack fails the command', async () => {
  const { code, stderr } = await inProject(
    scratchProject({ 'Pulumi.dev.yaml': stackFile({ 'preview-fixture:breach': 'crash' }) }),
  );
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^error: The policy pack .* failed/) });
});

test('a program that throws fails the command, without a stack', async () => {
  const root = scratchProject({ 'program.ts': `throw new Error('no address given');` });
  expect(await inProject(root)).toEqual({ code: 1, stdout: '', stderr: 'error: no address given\n' });
});

test('--json - writes the plan to standard output and nothing else', async () => {
  const { stdout, stderr } = await inProject(PROJECT, '--json', '-', '--no-policies');
  expect(JSON.parse(stdout)).toHaveLength(10);
  expect(stderr).toContain('Offline preview of stack dev');
});

test.each([
  ['no stack named', ['--no-policies'], /required option '-s, --stack <name>' not specified/],
  ['an unknown option', ['--stack', 'dev', '--quick'], /unknown option '--quick'/],
  ['an unknown target', ['--target', 'nope'], /There is no stack "nope"/],
  ['an unknown stack', ['--stack', 'nope'], /There is no stack "nope".*The stacks here are: dev\./],
] as const)('%s is a usage error', async (_, args, message) => {
  const { code, stderr } = await run('--cwd', PROJECT, ...args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
});

test('--help shows examples and exit codes', async () => {
  const { code, stdout } = await run('--help');
  expect(code).toBe(0);
  expect(stdout).toMatch(/Examples:[\s\S]*--update-snapshot[\s\S]*Exit codes:/);
});
