// The defaults that the SDK adds to a plan: each is decided here. And what Flex Consumption refuses: none of it is in a plan.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import type { Plan, PlanEntry } from '../preview/plan.ts';
import { one, planOf, WITH_ALL, withManaged } from './testing/plan.ts';

/** given: the program sets it, whatever the SDK's default. kept: the SDK's default, for this reason. out: removed, for this reason. */
type Decision = 'given' | `kept: ${string}` | `out: ${string}`;

const ONLY_CHOICE = 'kept: the only value that Azure still has';
const AZURES_OWN = 'kept: Azure’s own default';
const DECISIONS: Record<string, Decision> = {
  'applicationinsights:Component applicationType': 'given',
  'applicationinsights:Component flowType': ONLY_CHOICE,
  'applicationinsights:Component ingestionMode': 'given',
  'applicationinsights:Component publicNetworkAccessForIngestion':
    'kept: the functions send from outside the virtual network',
  'applicationinsights:Component publicNetworkAccessForQuery': 'kept: operators read it in the portal',
  'applicationinsights:Component requestSource': ONLY_CHOICE,
  'authorization:RoleAssignment principalType': 'given',
  'eventgrid:Namespace topicSpacesConfiguration.state': 'given',
  'eventgrid:NamespaceTopic inputSchema': 'given',
  'eventhub:Namespace publicNetworkAccess': 'given',
  'eventhub:NamespaceNetworkRuleSet publicNetworkAccess': 'given',
  'keyvault:Vault properties.enableRbacAuthorization': 'given',
  'keyvault:Vault properties.enableSoftDelete': 'given',
  'keyvault:Vault properties.enabledForDeployment': 'kept: Azure itself needs no secret of it',
  'keyvault:Vault properties.enabledForDiskEncryption': 'kept: Azure itself needs no secret of it',
  'keyvault:Vault properties.enabledForTemplateDeployment': 'kept: Azure itself needs no secret of it',
  'keyvault:Vault properties.publicNetworkAccess': 'given',
  'keyvault:Vault properties.softDeleteRetentionInDays': 'given',
  'monitor:ActionGroup enabled': 'given',
  'monitor:ActivityLogAlert enabled': 'given',
  'monitor:ActivityLogAlert location': 'given',
  'network:Subnet privateEndpointNetworkPolicies': AZURES_OWN,
  'network:Subnet privateLinkServiceNetworkPolicies': AZURES_OWN,
  'network:VirtualNetwork enableDdosProtection': 'kept: its plan is a paid extra',
  'network:VirtualNetwork enableVmProtection': AZURES_OWN,
  'storage:Blob type': AZURES_OWN,
  'web:WebApp clientAffinityEnabled': 'given',
  'web:WebApp hyperV': 'out: a property of Windows containers; Flex Consumption is Linux',
  'web:WebApp isXenon': 'out: not valid on Flex Consumption',
  'web:WebApp scmSiteAlsoStopped': AZURES_OWN,
  'web:WebApp siteConfig.http20Enabled': 'given',
  'web:WebApp siteConfig.localMySqlEnabled': 'out: Flex Consumption knows none, and has refused it',
  'web:WebApp siteConfig.netFrameworkVersion': 'out: Flex Consumption refuses it (pulumi/pulumi-azure-native#4168)',
};

/** By path, such as `siteConfig.http20Enabled`. */
type Defaults = [path: string, value: unknown][];

const SDK = join(ROOT, 'node_modules/@pulumi');
const INPUTS = readFileSync(join(SDK, 'azure-native/types/input.js'), 'utf8');

const PROGRAM = readdirSync(join(ROOT, 'components'))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => readFileSync(join(ROOT, 'components', file), 'utf8'))
  .join('');

/** What the program itself gives to resources of a type: the text of each `new Type(…)`, and of the functions it spreads. */
function givenTo(type: string): string[] {
  const name = type.split(':').at(-1);
  const [pack, module] = type.split(':');
  const [, alias = name] = new RegExp(`\\{ ${name} as (\\w+) \\} from '@pulumi/${pack}/${module}/`).exec(PROGRAM) ?? [];
  const calls = PROGRAM.split(`new ${alias}(`).slice(1);
  return calls.map(toLastBracket).map((text) => {
    const spread = [...text.matchAll(/\.{3}(\w+)\(/g)].map(([, name]) => PROGRAM.split(`const ${name} = (`)[1]);
    return [text, ...spread.map((rest) => rest?.split('});')[0])].join('\n');
  });
}

function toLastBracket(text: string): string {
  let open = 1;
  for (const { 0: bracket, index } of text.matchAll(/[()]/g)) {
    open += bracket === '(' ? 1 : -1;
    if (open === 0) return text.slice(0, index);
  }
  return text;
}

/** What the type's constructor adds where the program gives nothing. */
function defaultsOf(type: string): Defaults {
  const [pack = '', module = '', name = ''] = type.split(':');
  const folder = module.replace(/^index\/.*/, '');
  const file = join(SDK, pack, folder, `${name.charAt(0).toLowerCase()}${name.slice(1)}.js`);
  expect(existsSync(file), file).toBe(true);
  const text = readFileSync(file, 'utf8');
  const plain = [...text.matchAll(/resourceInputs\["(\w+)"\] = \(args\?\.\1\) \?\? (.+);/g)];
  const nested = [...text.matchAll(/resourceInputs\["(\w+)"\] = .*\binputs\.(\w+)\.(\w+ProvideDefaults)\b/g)];
  return [
    ...plain.map(([, key = '', value = '']): Defaults[number] => [key, JSON.parse(value)]),
    ...nested.flatMap(([, key, space = '', made = '']) =>
      nestedDefaults(space, made).map(([path, value]): Defaults[number] => [`${key}.${path}`, value]),
    ),
  ];
}

/** The same for an object among the inputs. */
function nestedDefaults(space: string, made: string): Defaults {
  const start = INPUTS.indexOf(`function ${made}(val)`, INPUTS.indexOf(`(function (${space}) {`));
  const body = INPUTS.slice(start, INPUTS.indexOf('\n    }', start));
  return [...body.matchAll(/^\s+(\w+): (.+),$/gm)].flatMap(([, key = '', value = '']): Defaults => {
    const [, plain] = /^\(val\.\w+\) \?\? (.+)$/.exec(value) ?? [];
    if (plain !== undefined) return [[key, JSON.parse(plain)]];
    const [, deeper = ''] = /(\w+ProvideDefaults)/.exec(value) ?? [];
    return nestedDefaults(space, deeper).map(([path, of]) => [`${key}.${path}`, of]);
  });
}

const valueAt = ({ inputs }: PlanEntry, path: string) =>
  path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], inputs);

/** Environments that have every type between them. */
const plans = () => Promise.all([planOf('dev', WITH_ALL), planOf('dev', withManaged), planOf('prod')]);

/** Each default in a plan, with its resource. */
function* defaultsIn(all: Plan): Generator<{ row: string; value: unknown; entry: PlanEntry; path: string }> {
  for (const entry of all.filter(({ custom }) => custom)) {
    for (const [path, value] of defaultsOf(entry.type)) {
      // A missing object gets no defaults, and a plan shows none of one with a part that only Azure knows.
      const parent = path.split('.').slice(0, -1).join('.');
      if (parent && typeof valueAt(entry, parent) !== 'object') continue;
      yield { row: `${entry.type.replace('azure-native:', '')} ${path}`, value, entry, path };
    }
  }
}

it('every default of the SDK is decided, and the plans follow the decision', async () => {
  const found = new Set<string>();
  for (const { row, value, entry, path } of defaultsIn((await plans()).flat())) {
    found.add(row);
    const planned = valueAt(entry, path);
    const decision = DECISIONS[row];
    if (decision?.startsWith('kept')) expect(planned, row).toEqual(value);
    else if (decision?.startsWith('out')) expect(planned, row).toBeUndefined();
    else {
      const given = givenTo(entry.type);
      expect(given, row).not.toEqual([]);
      for (const text of given) expect(text, row).toMatch(new RegExp(`\\b${path.split('.').at(-1)}[:,]`));
    }
  }
  expect([...found].sort()).toEqual(Object.keys(DECISIONS).sort());
});

// Microsoft Learn, "App settings reference for Azure Functions", Flex Consumption plan deprecations; and what Azure was seen to
// refuse, or its own modules leave out: pulumi-azure-native#4168, azure-pipelines-tasks#21032 and #22254, azure-cli#31414,
// terraform-azurerm-avm-res-web-site#345. Which of them it refuses differs by region and time. What Learn calls `isReserved` is
// `reserved` in the REST API and here; Microsoft's own samples say it of the plan only (azure-functions-flex-consumption-samples).
const NO_SITE = [
  'containerSize',
  'hyperV',
  'isXenon',
  'reserved',
  'vnetBackupRestoreEnabled',
  'vnetContentShareEnabled',
];
const NO_SITE_CONFIG = [
  'alwaysOn',
  'ftpsState',
  'functionAppScaleLimit',
  'functionsRuntimeScaleMonitoringEnabled',
  'javaVersion',
  'linuxFxVersion',
  'localMySqlEnabled',
  'netFrameworkVersion',
  'nodeVersion',
  'phpVersion',
  'powerShellVersion',
  'preWarmedInstanceCount',
  'pythonVersion',
  'use32BitWorkerProcess',
  'vnetRouteAllEnabled',
  'windowsFxVersion',
];
const NO_SETTINGS = [
  'ENABLE_ORYX_BUILD',
  'FUNCTIONS_MAX_HTTP_CONCURRENCY',
  'FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED',
  'FUNCTIONS_WORKER_PROCESS_COUNT',
  'FUNCTIONS_WORKER_RUNTIME',
  'FUNCTIONS_WORKER_RUNTIME_VERSION',
  'SCM_DO_BUILD_DURING_DEPLOYMENT',
  'TZ',
  'WEBSITE_CONTENTAZUREFILECONNECTIONSTRING',
  'WEBSITE_CONTENTOVERVNET',
  'WEBSITE_CONTENTSHARE',
  'WEBSITE_DNS_SERVER',
  'WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT',
  'WEBSITE_NODE_DEFAULT_VERSION',
  'WEBSITE_RUN_FROM_PACKAGE',
  'WEBSITE_SKIP_CONTENTSHARE_VALIDATION',
  'WEBSITE_TIME_ZONE',
  'WEBSITE_VNET_ROUTE_ALL',
  'WEBSITES_ENABLE_APP_SERVICE_STORAGE',
];

it.each(['dev', 'prod'])(
  '%s: the app has nothing that Flex Consumption refuses, and the version that it needs',
  async (stack) => {
    const plan = await planOf(stack);
    const { inputs } = one(plan, 'web:WebApp');
    const settings = one(plan, 'web:WebAppApplicationSettings').inputs.properties;
    const refused = (given: object, list: string[]) => Object.keys(given).filter((key) => list.includes(key));
    expect(one(plan, 'web:AppServicePlan').inputs.sku).toEqual({ name: 'FC1', tier: 'FlexConsumption' });
    expect(refused(inputs, NO_SITE)).toEqual([]);
    expect(refused(inputs.siteConfig, NO_SITE_CONFIG)).toEqual([]);
    expect(refused(settings, NO_SETTINGS)).toEqual([]);
    expect(settings.FUNCTIONS_EXTENSION_VERSION).toBe('~4');
  },
);
