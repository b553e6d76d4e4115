// The rules that every workflow keeps and actionlint does not know. actionlint itself: npm run lint:workflows.
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../bootstrap/root.mjs';
import { SOAK } from './soak/vitest.config.ts';

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}
interface Job {
  uses?: string;
  if?: string;
  needs?: string;
  steps?: Step[];
  permissions?: Record<string, string>;
  environment?: string;
  'timeout-minutes'?: number;
}
interface Workflow {
  on: Record<string, unknown>;
  permissions: object;
  concurrency?: { group: string; 'cancel-in-progress': boolean };
  jobs: Record<string, Job>;
}

const FOLDER = join(ROOT, '.github/workflows');
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const names = readdirSync(FOLDER);
const workflows = new Map(names.map((name) => [name, parse(read(name)) as Workflow]));
const action = readFileSync(join(ROOT, '.github/actions/pulumi/action.yml'), 'utf8');
const actionSteps = (parse(action) as { runs: { steps: Step[] } }).runs.steps;

/** What each job may do; nothing is given to a workflow as a whole. */
const PERMISSIONS: Record<string, Record<string, Record<string, string>>> = {
  'checks.yml': { offline: { contents: 'read' } },
  'pull-request.yml': {
    checks: { contents: 'read' },
    preview: { contents: 'read', 'id-token': 'write', 'pull-requests': 'write' },
  },
  'deploy.yml': {
    checks: { contents: 'read' },
    dev: { contents: 'read', 'id-token': 'write' },
    prod: { contents: 'read', 'id-token': 'write' },
  },
  'archive.yml': { archive: { contents: 'read', 'id-token': 'write' } },
  'backup.yml': { backup: { contents: 'read', 'id-token': 'write' } },
  'drift.yml': { drift: { contents: 'read', 'id-token': 'write' } },
  'rotation.yml': { remind: { contents: 'read', issues: 'write' } },
};

describe.each([...workflows])('%s', (name, workflow) => {
  it('gives each job what its table says, and the workflow nothing', () => {
    expect(workflow.permissions).toEqual({});
    const given = Object.entries(workflow.jobs).map(([job, { permissions }]) => [job, permissions]);
    expect(Object.fromEntries(given)).toEqual(PERMISSIONS[name]);
  });

  it('knows no stored secret', () => {
    expect(read(name)).not.toMatch(/secrets\s*[.[:]|secrets: inherit/);
  });

  it('runs one at a time, and always ends', () => {
    if (!('workflow_call' in workflow.on)) expect(workflow.concurrency?.group).toBeTruthy();
    for (const [job, { uses, 'timeout-minutes': limit }] of Object.entries(workflow.jobs)) {
      if (!uses) expect(limit, job).toBeLessThanOrEqual(60);
    }
  });

  it('is never started by a fork with this repository’s rights', () => {
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target');
    expect(Object.keys(workflow.on)).not.toContain('workflow_run');
  });

  it('keeps no token in the clone', () => {
    const checkouts = Object.values(workflow.jobs).flatMap(({ steps = [] }) =>
      steps.filter(({ uses }) => uses?.startsWith('actions/checkout@')),
    );
    for (const step of checkouts) expect(step.with?.['persist-credentials']).toBe(false);
  });
});

// GitHub's own token expires after 5 minutes, and with it the sign-in stops giving tokens for other services. A dump may take longer.
it.each(['archive.yml', 'backup.yml'])('%s has the token for the store before the work begins', (name) => {
  const token = read(name).indexOf('az account get-access-token --resource https://storage.azure.com --output none\n');
  expect(token).toBeGreaterThan(read(name).indexOf('uses: azure/login@'));
  expect(token).toBeLessThan(read(name).indexOf('npm run --silent ops'));
});

describe('actions', () => {
  const used = [...names.map(read), action].flatMap((text) => [...text.matchAll(/uses: (\S+)(?: # (\S+))?/g)]);

  it('of others are pinned to a commit, the same one everywhere, with the release it is', () => {
    const pins = new Map<string, Set<string>>();
    for (const [, reference = '', release] of used) {
      if (reference.startsWith('./')) continue;
      expect(reference).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      expect(release).toMatch(/^v\d+\.\d+\.\d+$/);
      const [who = '', commit] = reference.split('@');
      pins.set(who, (pins.get(who) ?? new Set()).add(`${commit} ${release}`));
    }
    for (const [who, commits] of pins) expect([...commits], who).toHaveLength(1);
    expect([...pins.keys()].sort()).toEqual([
      'actions/cache',
      'actions/checkout',
      'actions/setup-node',
      'azure/login',
      'pulumi/actions',
    ]);
  });

  it('install the engine of the SDK’s own version', () => {
    const version = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).devDependencies['@pulumi/pulumi'];
    expect(actionSteps.at(-1)?.with?.['pulumi-version']).toBe(version);
  });

  it('sign in by OpenID Connect, with no password', () => {
    const login = actionSteps.find(({ uses }) => uses?.startsWith('azure/login@'));
    expect(Object.keys(login?.with ?? {}).sort()).toEqual(['client-id', 'subscription-id', 'tenant-id']);
    expect(action).not.toMatch(/client-secret|creds|ACCESS_TOKEN|PASSPHRASE|STORAGE_KEY|secrets\./i);
  });
});

describe('what CI runs', () => {
  const SCRIPT = /^(?:npm (?:run )?(?:--silent )?|tier )([\w:-]+)(?: >.*)?$/;
  const script = (line: string) => SCRIPT.exec(line.trim())?.[1];
  const local = readFileSync(join(ROOT, '.ci/run'), 'utf8')
    .split('\n')
    .flatMap((line) => script(line) ?? []);

  // Root on Debian, for namespaces and a browser: GitHub's runner is another machine, and these have scripts of their own.
  const elsewhere = ['test:machine', 'test:dashboard'];

  it('offline is what .ci/run runs, in its order', () => {
    const steps = workflows.get('checks.yml')?.jobs.offline?.steps ?? [];
    const there = steps.flatMap(({ run }) => (run === undefined ? [] : [script(run) ?? run]));
    expect(there).toEqual(local.filter((name) => !elsewhere.includes(name)));
    expect(there).toEqual(['check', 'lint:workflows', 'build', 'preview:all', 'test:engine', 'test:soak', 'test']);
  });

  it('in the soak tier is there: each name of its list, also of those in braces', () => {
    const names = (files: string) => files.split(',').length;
    expect(SOAK.filter((files) => globSync(files, { cwd: ROOT }).length < names(files))).toEqual([]);
  });

  it('for every stack there is', () => {
    const stacks = readdirSync(ROOT).flatMap((file) => /^Pulumi\.([^.]+)\.yaml$/.exec(file)?.[1] ?? []);
    for (const name of ['pull-request.yml', 'drift.yml']) {
      expect(read(name)).toContain(`stack: [${stacks.sort().join(', ')}]`);
    }
    expect(Object.keys(workflows.get('deploy.yml')?.jobs ?? {})).toEqual(['checks', ...stacks]);
  });

  it('with Pulumi only where there is a state', () => {
    for (const [name, { jobs }] of workflows) {
      for (const [job, { if: condition, needs, steps = [] }] of Object.entries(jobs)) {
        if (!steps.some(({ uses }) => uses === './.github/actions/pulumi')) continue;
        const deciding = needs && needs !== 'checks' ? jobs[needs]?.if : condition;
        expect(deciding, `${name} ${job}`).toContain("vars.PULUMI_BACKEND_URL != ''");
      }
    }
  });

  it('deploys with approval: each stack in an environment of its own', () => {
    const { dev, prod } = workflows.get('deploy.yml')?.jobs ?? {};
    expect([dev?.environment, prod?.environment]).toEqual(['dev', 'prod']);
    expect(workflows.get('deploy.yml')?.concurrency?.['cancel-in-progress']).toBe(false);
  });
});

describe('docs/deploy.md', () => {
  const page = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8');
  const [, section = ''] = page.split('## From GitHub');

  it('tells of every workflow that something starts', () => {
    const started = [...workflows].filter(([, { on }]) => !('workflow_call' in on)).map(([name]) => name);
    const told = [...section.matchAll(/^\| `([a-z-]+)` \| (?:on|every)/gm)].map(([, name]) => `${name}.yml`);
    expect(told.sort()).toEqual(started.sort());
  });

  it('tells of every variable that they read', () => {
    const used = names.flatMap((name) =>
      [...read(name).matchAll(/\bvars\.([A-Z_]+)/g)].map(([, variable]) => variable),
    );
    const [, table = ''] = section.split('| variable | value |');
    const told = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) => cell.match(/[A-Z_]+/g));
    expect([...new Set(told)].sort()).toEqual([...new Set(used)].sort());
  });
});
