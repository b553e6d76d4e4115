// What Azure says of the plan: who is signed in, what the subscription may do, what the region offers.
import { VM_SIZES } from '../../components/vm-sizes.ts';
import type { StackConfig } from '../../stacks/parse.ts';
import { type Check, type Finding, failed, ok, unknown, warning } from './finding.ts';
import { ask } from './run.ts';

/** The resource providers the program uses. Azure refuses a resource of one that is not registered. */
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
}

/** Who is signed in; undefined when nobody is. */
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

/** What is asked once somebody is signed in. */
export const azureChecks = ({ location, vmSize, encryptionAtHost }: StackConfig): Check[] => [
  azure('resource providers', async (check) => {
    const query = "[?registrationState=='Registered'].namespace";
    const there = await ask<string[]>('az', ['provider', 'list', '--query', query, '--output', 'json']);
    const registered = new Set(there.map((name) => name.toLowerCase()));
    const missing = PROVIDERS.filter((name) => !registered.has(name.toLowerCase()));
    if (missing.length === 0) return ok(check, 'all are registered');
    const remedy = missing.map((name) => `az provider register --namespace ${name}`).join(' && ');
    return failed(check, `not registered: ${missing.join(', ')}`, remedy);
  }),
  azure('machine size', async (check) => {
    const args = ['vm', 'list-skus', '--location', location, '--size', vmSize, '--resource-type', 'virtualMachines'];
    const skus = await ask<Sku[]>('az', [...args, '--all', '--output', 'json']);
    const sku = skus.find(({ name }) => name === vmSize);
    const other = vmSize === 'Standard_B1s' ? 'Standard_B2ts_v2' : 'Standard_B2s_v2';
    const remedy = `take another size or region: pulumi config set mqtt-saas:vmSize ${other}`;
    if (!sku) return failed(check, `${location} has no ${vmSize}`, remedy);
    const barred = sku.restrictions.find(({ type }) => type === 'Location');
    if (barred) return failed(check, `${vmSize} is barred in ${location} (${barred.reasonCode})`, remedy);
    const { retires } = VM_SIZES[vmSize] as { retires?: string };
    if (retires) return warning(check, `${location} has ${vmSize}, which Azure retires on ${retires}`, remedy);
    return ok(check, `${location} has ${vmSize}`);
  }),
  azure('Flex Consumption', async (check) => {
    const args = ['functionapp', 'list-flexconsumption-locations', '--output', 'json'];
    const places = (await ask<{ name: string }[]>('az', args)).map(({ name }) =>
      name.toLowerCase().replaceAll(' ', ''),
    );
    if (places.includes(location)) return ok(check, `${location} has it`);
    return failed(check, `${location} does not have it`, 'take another region: pulumi config set mqtt-saas:location');
  }),
  ...(encryptionAtHost ? [azure('encryption at host', encryption)] : []),
];

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

/** A check whose question may stay without an answer. */
export function azure(name: string, work: (check: string) => Promise<Finding>): Check {
  return { name, run: () => work(name).catch((error: Error) => unknown(name, error.message)) };
}
