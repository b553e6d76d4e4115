// Azure's answers about the plan: who is signed in, what the subscription may do, what the region offers.
import { VM_SIZES, type VmSize, type VmSizeName } from '../../components/vm-sizes.ts';
import type { StackConfig } from '../../stacks/configuration/parse.ts';
import { type Check, type Finding, failed, ok, unknown, warning } from './finding.ts';
import { ask } from './run.ts';

/** The resource providers that the program uses. Azure refuses resources of an unregistered one. */
const PROVIDERS = [
  'Microsoft.Authorization',
  'Microsoft.Compute',
  'Microsoft.Consumption',
  'Microsoft.Insights',
  'Microsoft.KeyVault',
  'Microsoft.ManagedIdentity',
  'Microsoft.Network',
  'Microsoft.OperationalInsights',
  'Microsoft.Storage',
  'Microsoft.Web',
];

/** Needed only with the key `iotHub`. */
const IOT_HUB_PROVIDER = 'Microsoft.Devices';
/** Needed only with the key `managed`; the last for the Function App's subnet. */
const MANAGED_PROVIDERS = ['Microsoft.EventGrid', 'Microsoft.EventHub', 'Microsoft.App'];

/** `az account show`. */
interface Account {
  id: string;
  name: string;
  state: string;
  user: { name: string };
}

/** One entry of `az vm list-skus`. */
interface Sku {
  name: string;
  restrictions: { type: string; reasonCode: string }[];
  capabilities?: { name: string; value: string }[];
}

/** Who is signed in; undefined if nobody is. */
export async function signIn(): Promise<{ subscription: string | undefined; finding: Finding }> {
  const check = 'az sign-in';
  try {
    const { id, name, state, user } = await ask<Account>('az', ['account', 'show', '--output', 'json']);
    if (state === 'Enabled') return { subscription: id, finding: ok(check, `${user.name}, subscription "${name}"`) };
    const seen = `subscription "${name}" is ${state}`;
    return { subscription: undefined, finding: failed(check, seen, 'az account set --subscription NAME') };
  } catch (error) {
    const { message } = error as Error;
    if (message === 'az is not installed') return { subscription: undefined, finding: unknown(check, message) };
    return { subscription: undefined, finding: failed(check, message, 'az login') };
  }
}

/** The questions once somebody is signed in. */
export const azureChecks = ({
  environment,
  location,
  vmSize,
  encryptionAtHost,
  iotHub,
  managed,
}: StackConfig): Check[] => [
  azure('resource providers', async (check) => {
    const query = "[?registrationState=='Registered'].namespace";
    const there = await ask<string[]>('az', ['provider', 'list', '--query', query, '--output', 'json']);
    const registered = new Set(there.map((name) => name.toLowerCase()));
    const needed = [...PROVIDERS, ...(iotHub ? [IOT_HUB_PROVIDER] : []), ...(managed ? MANAGED_PROVIDERS : [])];
    const missing = needed.filter((name) => !registered.has(name.toLowerCase()));
    if (missing.length === 0) return ok(check, 'all are registered');
    const remedy = missing.map((name) => `az provider register --namespace ${name}`).join(' && ');
    return failed(check, `not registered: ${missing.join(', ')}`, remedy);
  }),
  azure('machine size', async (check) => {
    const args = ['vm', 'list-skus', '--location', location, '--size', vmSize, '--resource-type', 'virtualMachines'];
    const skus = await ask<Sku[]>('az', [...args, '--all', '--output', 'json']);
    const sku = skus.find(({ name }) => name === vmSize);
    const set = `pulumi config set mqtt-saas:vmSize ${anotherSize(vmSize)} --stack ${environment}`;
    const remedy = `choose another size or region: ${set}`;
    if (!sku) return failed(check, `${location} has no ${vmSize}`, remedy);
    const barred = sku.restrictions.find(({ type }) => type === 'Location');
    if (barred)
      return failed(
        check,
        `${vmSize} is not available to the subscription in ${location} (${barred.reasonCode})`,
        remedy,
      );
    const controllers = sku.capabilities?.find(({ name }) => name === 'DiskControllerTypes')?.value;
    if (controllers && !/\bSCSI\b/i.test(controllers)) {
      return failed(
        check,
        `${vmSize} has no SCSI controller (${controllers}), which the machine needs to find its disk`,
        remedy,
      );
    }
    const { retires }: VmSize = VM_SIZES[vmSize];
    if (retires) return warning(check, `${location} has ${vmSize}, which Azure retires on ${retires}`, remedy);
    return ok(check, `${location} has ${vmSize}`);
  }),
  azure('Flex Consumption', async (check) => {
    const args = ['functionapp', 'list-flexconsumption-locations', '--output', 'json'];
    const places = (await ask<{ name: string }[]>('az', args)).map(({ name }) =>
      name.toLowerCase().replaceAll(' ', ''),
    );
    if (places.includes(location)) return ok(check, `${location} has it`);
    const set = `pulumi config set mqtt-saas:location REGION --stack ${environment}`;
    return failed(check, `${location} does not have it`, `choose a region of az ${args.slice(0, 2).join(' ')}: ${set}`);
  }),
  ...(encryptionAtHost ? [azure('encryption at host', encryption)] : []),
];

/** The smallest other size that is not retired and has as much memory. */
export function anotherSize(name: VmSizeName): VmSizeName {
  const others = (Object.keys(VM_SIZES) as VmSizeName[]).filter((other) => {
    const { memoryGiB, retires }: VmSize = VM_SIZES[other];
    return other !== name && !retires && memoryGiB >= VM_SIZES[name].memoryGiB;
  });
  return others[0] as VmSizeName;
}

async function encryption(check: string): Promise<Finding> {
  const feature = ['--namespace', 'Microsoft.Compute', '--name', 'EncryptionAtHost'];
  const { properties } = await ask<{ properties: { state: string } }>('az', [
    'feature',
    'show',
    ...feature,
    '--output',
    'json',
  ]);
  if (properties.state === 'Registered') return ok(check, 'the subscription has it');
  const remedy = `az feature register ${feature.join(' ')}; when it is registered: az provider register --namespace Microsoft.Compute`;
  return failed(check, `the subscription does not have it (${properties.state})`, remedy);
}

/** A check whose question may get no answer. */
export function azure(name: string, work: (check: string) => Promise<Finding>): Check {
  return { name, run: () => work(name).catch((error: Error) => unknown(name, error.message)) };
}
