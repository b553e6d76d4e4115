// All stacks at once, as CI previews them, in a repository of its own.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { POLICIES, scratchProject, stackFile } from './fixtures/scratch.ts';

/** Previews all stacks of a folder; `summary` is the report for reviewers. */
function all(folder: string, env: Record<string, string> = {}) {
  const file = join(folder, 'summary.md');
  writeFileSync(file, '');
  const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'all.ts'), folder], {
    env: { ...process.env, GITHUB_STEP_SUMMARY: file, ...env },
    encoding: 'utf8',
  });
  return { status, stderr, summary: readFileSync(file, 'utf8') };
}

test('shows what changes against a commit, and fails on a violation in any stack', () => {
  const folder = scratchProject();
  cpSync(POLICIES, join(folder, 'policies'), { recursive: true });
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args]);
  const update = ['--cwd', folder, '--stack', 'dev', '--update-snapshot', '--no-policies'];
  execFileSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...update]);
  git('init', '--quiet');
  git('add', 'stacks');
  git('commit', '--quiet', '-m', 'x');
  const program = join(folder, 'network.ts');
  writeFileSync(program, readFileSync(program, 'utf8').replace('priority: 100', 'priority: 110'));
  // The pull request's own snapshot already contains the change.
  execFileSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...update]);

  const against = all(folder, { PREVIEW_AGAINST: 'HEAD' });
  expect(against.status).toBe(0);
  expect(against.summary).toContain('### Offline preview of `dev`: 1 resource changes, ✅');
  expect(against.summary).toContain('securityRules.allow-ssh-admin.priority: 100 → 110');
  expect(all(folder, { PREVIEW_AGAINST: 'nowhere' })).toMatchObject({
    status: 1,
    summary: '',
    stderr: expect.stringContaining('PREVIEW_AGAINST is nowhere, which is not a commit in this clone'),
  });

  writeFileSync(join(folder, 'Pulumi.open.yaml'), stackFile({ 'preview-fixture:adminCidrs': ['0.0.0.0/0'] }));
  const open = all(folder);
  expect(open.status).toBe(1);
  expect(open.summary).toMatch(/preview of `dev`: nothing changes, ✅[\s\S]*preview of `open`.*❌ 1 mandatory/);
});
