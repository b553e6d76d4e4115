// A recorded, unhardened environment: taken over without a change, then hardened phase by phase.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Node, parse, parseDocument, visit } from 'yaml';
import { ROOT } from '../../bootstrap/root.mjs';
import { diffPlans, type Operation } from '../../preview/diff.ts';
import type { Plan, PlanEntry } from '../../preview/plan.ts';
import type { Violation } from '../../preview/policy/violation.ts';
import { type Preview, preview } from '../../preview/preview.ts';
import type { Adoption } from '../../stacks/adoption/plan.ts';
import { exceptionsOf } from './exceptions.ts';
import { type Adopted, adoptSample, SAMPLE } from './testing/sample.ts';
import { WORDS } from './words.ts';

const PLACE = { stack: 'dev', project: 'mqtt-saas' };

let sample: Adopted;
/** The previews of phases 0 to 4, and last of phase 1 after all of them. */
const previews: Preview[] = [];

const section = (): Adoption =>
  parse(readFileSync(join(sample.folder, 'Pulumi.dev.yaml'), 'utf8')).config['mqtt-saas:adoption'];

beforeAll(async () => {
  sample = adoptSample();
  // One file a phase, in a folder of its own, so that two can be previewed at a time.
  const folders = [0, 1, 2, 3, 4, 1].map((phase, i) => {
    expect(sample.adopt('phase', String(phase)).status).toBe(0);
    const copy = join(sample.folder, `step-${i}`);
    mkdirSync(copy);
    for (const file of ['Pulumi.yaml', 'Pulumi.dev.yaml']) cpSync(join(sample.folder, file), join(copy, file));
    return copy;
  });
  const work = [...folders.entries()];
  const worker = async () => {
    for (let next = work.shift(); next; next = work.shift()) {
      const [i, root] = next;
      // The last is the way back: it violates what phase 1 does.
      const policyPack = i < 5 ? join(ROOT, 'policies') : false;
      previews[i] = await preview({ stack: 'dev', root, policyPack });
    }
  };
  await Promise.all([worker(), worker()]);
}, 300_000);
afterAll(() => sample.remove());

const planOf = (phase: number): Plan => previews[phase]?.plan ?? [];
const mandatory = (policies: Preview['policies']) =>
  (policies?.violations ?? [])
    .filter(({ level }) => level === 'mandatory')
    .map(({ policy, urn }) => `${policy} ${urn}`);
const find = (plan: Plan, name: string): PlanEntry | undefined => plan.find((entry) => entry.name === name);
const imported = (plan: Plan) => plan.filter(({ options }) => options.import);
const recordedIds = () => {
  const files = ['resources', 'group', 'blob-service', 'vnet'].map((name) =>
    JSON.parse(readFileSync(join(SAMPLE, `${name}.json`), 'utf8')),
  );
  const [resources, group, blobs, vnet] = files as [
    { id: string }[],
    { id: string },
    { id: string },
    { subnets: { id: string }[] },
  ];
  return [...resources.map(({ id }) => id), group.id, blobs.id, ...vnet.subnets.map(({ id }) => id)];
};

/** What a deployment from one phase to the next does, by operation. */
function step(from: number, to: number): Partial<Record<Operation, string[]>> {
  const done: Partial<Record<Operation, string[]>> = {};
  for (const { operation, entry } of diffPlans(planOf(from), planOf(to), PLACE))
    done[operation] = [...(done[operation] ?? []), entry.name];
  return done;
}

it('what it writes is text to every reader: Pulumi’s would take a date for a time, 1_000 and 0123 for numbers', () => {
  const document = parseDocument(readFileSync(join(sample.folder, 'Pulumi.dev.yaml'), 'utf8'));
  const unquoted: unknown[] = [];
  visit(document.getIn(['config', 'mqtt-saas:adoption']) as Node, {
    Scalar(key, { type, value }) {
      if (typeof value === 'string' && type === 'PLAIN' && (key !== 'key' || !/^[a-z][\w-]*$/i.test(value)))
        unquoted.push(value);
    },
  });
  expect(unquoted).toEqual([]);
  expect(section()).toMatchObject({ publicUntil: '2099-03-31', phase: 1 });
});

describe('the first preview', () => {
  it('imports every resource of the environment, each once', () => {
    const ids = imported(planOf(0)).map(({ options }) => options.import?.toLowerCase());
    expect(ids.sort()).toEqual(
      recordedIds()
        .map((id) => id.toLowerCase())
        .sort(),
    );
  });

  it('under the name it has, so that it is that very resource', () => {
    for (const { name, inputs, options } of imported(planOf(0))) {
      const own = Object.entries(inputs).filter(([key]) => /Name$|^name$/.test(key) && key !== 'resourceGroupName');
      const last = options.import?.split('/').at(-1);
      expect(
        own.map(([, value]) => value).concat(name === 'group' ? (inputs.resourceGroupName as string) : []),
        name,
      ).toContain(last);
      expect(inputs.resourceGroupName, name).toBe('MyLowCostVM_group');
    }
  });

  it('changes none of it: what is imported is as recorded, and whatever is not is left alone', () => {
    const { resources, left } = section();
    for (const { name, inputs, options } of imported(planOf(0))) {
      expect(options.ignoreChanges, name).toEqual(['*']);
      expect(inputs, name).toEqual(resources[name]?.recorded ?? left[name]?.recorded);
    }
  });

  it('does nothing to what runs: the machine gets no configuration, the new ingest is off', () => {
    expect(JSON.stringify(find(planOf(0), 'broker-configuration-apply')?.inputs.source)).not.toContain(
      'broker-apply --from',
    );
    expect(find(planOf(0), 'functions-settings')?.inputs.properties).toMatchObject({
      'AzureWebJobs.mqtt_ingest.Disabled': 'true',
    });
  });
});

describe('from phase to phase', () => {
  it('only the cut-over replaces anything, the machine and what runs on it; what goes, goes last', () => {
    expect(step(0, 1).replace ?? []).toEqual([]);
    expect(step(1, 2).replace).toEqual([
      // A right on the machine itself.
      'machine-access-broker-writes-metrics',
      'broker-configuration-apply',
      'broker-configuration-in-force',
      'broker-vm',
    ]);
    expect(step(2, 3).replace ?? []).toEqual([]);
    expect(step(3, 4).replace ?? []).toEqual([]);
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 3],
    ] as const)
      expect(step(from, to).delete ?? []).toEqual([]);
    const gone = ['before-function-app', 'before-insights', 'before-os-disk', 'before-plan'];
    expect(step(3, 4).delete?.sort()).toEqual(gone);
    const retained = planOf(3)
      .filter(({ options }) => options.retainOnDelete)
      .map(({ name }) => name);
    expect(retained.sort()).toEqual(['before-insights', 'before-os-disk']);
  });

  it('devices keep every opening until the cut-over, and administrators only theirs from phase 1 on', () => {
    const ways = (phase: number) =>
      ((find(planOf(phase), 'network-nsg')?.inputs.securityRules ?? []) as Record<string, string>[])
        .filter(({ access }) => access === 'Allow')
        .map((rule) => `${rule.destinationPortRange} from ${rule.sourceAddressPrefix ?? rule.sourceAddressPrefixes}`)
        .sort();
    expect(ways(0)).toEqual(['1883 from *', '22 from *', '8883 from *', '9001 from *']);
    expect(ways(1)).toEqual(['1883 from *', '22 from 203.0.113.10/32', '8883 from *', '9001 from *']);
    for (const phase of [2, 3, 4]) expect(ways(phase)).toEqual(['22 from 203.0.113.10/32', '8883 from *']);
  });

  it('nothing is imported again: the engine refuses to replace what still says so', () => {
    for (const phase of [1, 2, 3, 4]) expect(imported(planOf(phase)), `${phase}`).toEqual([]);
  });

  it('the machine keeps its address and its interface', () => {
    for (const phase of [0, 1, 2, 3, 4]) {
      expect(find(planOf(phase), 'network-address')?.inputs.publicIpAddressName).toBe('zeroclaw-b1s-ip');
      expect(find(planOf(phase), 'network-nic')?.inputs.ipConfigurations).toMatchObject([{ name: 'ipconfig1' }]);
    }
  });

  it('the new ingest starts with the cut-over, which stops the old one', () => {
    const settings = (phase: number) => Object.keys(find(planOf(phase), 'functions-settings')?.inputs.properties ?? {});
    const isOff = [0, 1, 2, 3].map((phase) => settings(phase).includes('AzureWebJobs.mqtt_ingest.Disabled'));
    expect(isOff).toEqual([true, true, false, false]);
    const [, cutOver = ''] = sample.report.split('\n## Phase 2');
    const [stop, deploy] = [cutOver.indexOf('az functionapp stop'), cutOver.indexOf('adopt phase 2')];
    expect([stop > 0, stop < deploy, cutOver.includes('az functionapp start')]).toEqual([true, true, true]);
    for (const phase of [0, 1, 2, 3])
      expect(find(planOf(phase), 'before-function-app')?.options.ignoreChanges).toEqual(['*']);
  });

  it('ends without a policy violation', () => {
    const violations = previews.slice(0, 5).map(({ policies }) => policies?.violations.length ?? Number.NaN);
    expect(violations[4]).toBe(0);
    expect(violations.toSorted((a, b) => b - a)).toEqual(violations);
    expect(violations[0]).toBeGreaterThan(30);
  });

  it('goes back: the old machine around its old disk, the recorded storage, nothing of it ignored', () => {
    const back = planOf(5);
    expect(find(back, 'broker-vm')?.inputs).toMatchObject({
      storageProfile: { osDisk: { createOption: 'Attach', managedDisk: { id: expect.stringContaining('OsDisk_1') } } },
    });
    expect(find(back, 'broker-vm')?.inputs).not.toHaveProperty('osProfile');
    expect(find(back, 'broker-vm')?.options.ignoreChanges ?? []).not.toContain('*');
    expect(find(back, 'storage-account')?.inputs).toMatchObject({
      minimumTlsVersion: 'TLS1_0',
      allowSharedKeyAccess: true,
    });
    expect(find(back, 'storage-account')?.options.ignoreChanges).toBeUndefined();
  });
});

describe('the exceptions of a phase', () => {
  /** What the policies say with the file that `adopt exceptions` writes. */
  const judged = (phase: number) => {
    const root = join(sample.folder, `step-${phase}`);
    const policyPackConfig = join(root, 'policies.dev.json');
    return preview({ stack: 'dev', root, policyPack: join(ROOT, 'policies'), policyPackConfig });
  };
  const violationsOf = (phase: number) => previews[phase]?.policies?.violations ?? [];

  it('are all that the policies need to pass, and without them they do not', async () => {
    const { status, stdout } = sample.adopt('--cwd', join(sample.folder, 'step-0'), 'exceptions');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /policies\.dev\.json: \d+ exceptions of phase 0\. Next: pulumi preview --stack dev --policy-pack policies --policy-pack-config policies\.dev\.json\n$/,
    );
    const last = exceptionsOf(violationsOf(3), { ...section(), phase: 3 });
    writeFileSync(join(sample.folder, 'step-3/policies.dev.json'), JSON.stringify(last));
    for (const { policies } of await Promise.all([judged(0), judged(3)])) {
      expect(mandatory(policies)).toEqual([]);
      expect(policies?.output).toContain('exception until 2099-12-31: function-app-secrets-by-reference on WebApp ');
    }
    for (const phase of [0, 3]) expect(mandatory(previews[phase]?.policies).length).toBeGreaterThan(10);
  });

  it('end with the phase that ends the violation, and none is for what no later phase ends', () => {
    const urn = 'urn:pulumi:dev::mqtt-saas::mqtt-saas:index:Vault$azure-native:keyvault:Vault::vault-vault';
    const other = { ...(violationsOf(1)[0] as Violation), urn, policy: 'vault-soft-delete' };
    const config = exceptionsOf([...violationsOf(1), other], { ...section(), phase: 1 });
    expect(config).not.toHaveProperty('vault-soft-delete');
    expect(config['network-ingress-contract']?.exceptions).toEqual([
      {
        urn: expect.stringMatching(/::network-nsg$/),
        reason: 'The adoption ends it with phase 2 (docs/adoption.md).',
        expires: '2099-03-31',
      },
    ]);
    expect(config['storage-strong-tls']?.exceptions).toMatchObject([{ expires: '2099-12-31' }]);
    const excused = Object.entries(config).flatMap(([policy, { exceptions }]) =>
      exceptions.map((exception) => `${policy} ${exception.urn}`),
    );
    expect(excused.sort()).toEqual([...new Set(mandatory(previews[1]?.policies))].sort());
    expect(exceptionsOf(violationsOf(1), { ...section(), phase: 4 })).toEqual({});
  });
});

describe('the report', () => {
  /** Findings of the part that ends with this phase. */
  const part = (phase: number) =>
    details()
      .split(/### Ends with Phase /)
      [phase + 1]?.split('\n### Changes with ')[0] ?? '';
  const details = () => readFileSync(join(sample.folder, 'adoption.dev.md'), 'utf8');

  it('names each unsafe thing with the phase that ends it', () => {
    for (const [phase, text] of [
      [1, '22/tcp is allowed by rule "allow-ssh"'],
      [2, '1883/tcp is allowed by rule "allow-mqtt-plain"'],
      [2, 'the default user "admin"'],
      [2, 'self-signed'],
      [2, 'Port 1883 0.0.0.0'],
      [3, 'accepts TLS versions before 1.2'],
      [4, 'Setting "MQTT_BROKER_PASSWORD"'],
      [4, 'Setting "EXTERNAL_DATABASE_CONNECTION_STRING"'],
    ] as const) {
      expect(part(phase), text).toContain(text);
      for (const other of [0, 1, 2, 3, 4].filter((each) => each !== phase)) {
        if (text !== 'accepts TLS versions before 1.2') expect(part(other)).not.toContain(text);
      }
    }
  });

  it('is right: what it says ends with a phase is violated before and not after', () => {
    const keys = ({ policies }: Preview) =>
      new Set((policies?.violations ?? []).map(({ policy, urn }) => `${urn.split('::').at(-1)}: ${policy}`));
    const found = previews.slice(0, 5).map(keys);
    let checked = 0;
    for (const phase of [0, 1, 2, 3, 4]) {
      for (const [, name = '', policy = ''] of part(phase).matchAll(/^- \w+ ([\w-]+): .*\(([\w-]+)\)$/gm)) {
        const key = `${name}: ${policy}`;
        expect(found[phase]?.has(key) && !(name === 'network-nsg' && phase === 1), `${key} after phase ${phase}`).toBe(
          false,
        );
        if (phase > 0) expect(found[phase - 1], `${key} before phase ${phase}`).toContain(key);
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(30);
  });

  it('orders the phases with the way back from each', () => {
    expect([...sample.report.matchAll(/^## (Phase \d)/gm)].map(([, title]) => title)).toEqual(
      [0, 1, 2, 3, 4].map((n) => `Phase ${n}`),
    );
    expect(sample.report.match(/^Back: /gm)).toHaveLength(5);
    expect(sample.report).toContain('2099-03-31');
    expect(sample.report).toContain('2099-12-31');
  });

  it('fits on a screen and a half, and says each kind of finding once, in plain words', () => {
    const lines = sample.report.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(75);
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    const policies = [...details().matchAll(/ \(([\w-]+)\)$/gm)].map(([, policy = '']) => policy);
    expect(policies.length).toBeGreaterThan(40);
    const [, unsafe = ''] = sample.report.replaceAll(/\n {3}/g, ' ').split(/^## Unsafe.*$/m);
    for (const policy of new Set(policies)) {
      const words = WORDS[policy] ?? (policy === 'network-ingress-contract' ? 'open to the internet' : policy);
      const isSplit = policy === 'network-ingress-contract';
      expect(unsafe.split('\n## ')[0]?.split(words).length, policy).toBe(isSplit ? 3 : 2);
    }
    expect(sample.report).not.toMatch(/network-nsg|broker-vm|before-/);
  });

  it('says which lock-out has which cure, and none needs a password or SSH', () => {
    expect(sample.report).toMatch(/the security group does not know ADDRESS.*\n {4}az network nsg rule create /);
    expect(sample.report).toMatch(
      /the machine’s own firewall.*\n {4}az vm run-command invoke -g MyLowCostVM_group -n zeroclaw-b1s --command-id RunShellScript \\\n +--scripts 'nft /,
    );
    expect(sample.report).not.toContain('serial-console');
  });

  it('says what is lost in each window, and waits for no queue that is not there', () => {
    expect(sample.report).toContain('what is published between the runs of the old ingest is lost');
    expect(sample.report).toMatch(/Lost: what devices publish from when the old ingest stops until/);
    expect(sample.report).not.toMatch(/pause|queue/);
  });
});
