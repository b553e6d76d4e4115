// Checks globally unique names: free, already used by this subscription, or taken.
import { namesFor } from '../../components/placement.ts';
import { adoptedNames } from '../../stacks/adoption/plan.ts';
import { NAMESPACE, type StackConfig, setCommand } from '../../stacks/configuration/parse.ts';
import { azure } from './azure.ts';
import { type Check, type Finding, failed, ok } from './finding.ts';
import { ask } from './run.ts';

/** Azure's answer to "Check Name Availability", the same for all three kinds. */
interface Availability {
  nameAvailable: boolean;
  reason?: string | null;
}

interface Kind {
  what: string;
  /** Path below the subscription, with its API version. */
  path: string;
  type: string;
}

const VAULT: Kind = {
  what: 'vault name',
  path: 'Microsoft.KeyVault/checkNameAvailability?api-version=2023-07-01',
  type: 'Microsoft.KeyVault/vaults',
};
const ACCOUNT: Kind = {
  what: 'storage name',
  path: 'Microsoft.Storage/checkNameAvailability?api-version=2023-05-01',
  type: 'Microsoft.Storage/storageAccounts',
};
const SITE: Kind = {
  what: 'Function App name',
  path: 'Microsoft.Web/checknameavailability?api-version=2023-12-01',
  type: 'Microsoft.Web/sites',
};

/** @param subscription id of the subscription that is signed in to. */
export function nameChecks(config: StackConfig, subscription: string): Check[] {
  const { environment, nameSuffix: suffix, adoption } = config;
  const names = adoptedNames(namesFor({ project: NAMESPACE, environment, suffix }), adoption);
  const all: [Kind, string][] = [
    [VAULT, names.shared('kv')],
    [ACCOUNT, names.shared('st')],
    [ACCOUNT, names.shared('st', 'broker')],
    [SITE, names.shared('func')],
  ];
  return all.map(([kind, name]) => azure(kind.what, (check) => look(check, { kind, name }, subscription, environment)));
}

/** @param stack the stack whose configuration makes the name. */
async function look(
  check: string,
  { kind, name }: { kind: Kind; name: string },
  subscription: string,
  stack: string,
): Promise<Finding> {
  const url = `/subscriptions/${subscription}/providers/${kind.path}`;
  const body = JSON.stringify({ name, type: kind.type });
  const answer = await ask<Availability>('az', ['rest', '--method', 'post', '--url', url, '--body', body]);
  if (answer.nameAvailable) return ok(check, `${name} is free`);
  const query = `[?name=='${name}'].id`;
  const list = ['resource', 'list', '--resource-type', kind.type, '--query', query, '--output', 'json'];
  if ((await ask<string[]>('az', list)).length > 0) return ok(check, `${name} belongs to this subscription already`);
  const another = `choose another nameSuffix: ${setCommand('nameSuffix', stack)}`;
  if (kind === VAULT && (await isDeleted(name))) {
    const remedy = `docs/upgrade.md says how to recover or purge it; or ${another}`;
    return failed(check, `${name} is a deleted vault of this subscription, and keeps its name`, remedy);
  }
  return failed(check, `${name} is taken by somebody else (${answer.reason ?? 'no reason given'})`, another);
}

async function isDeleted(name: string): Promise<boolean> {
  const query = `[?name=='${name}'].name`;
  const args = ['keyvault', 'list-deleted', '--resource-type', 'vault', '--query', query, '--output', 'json'];
  return (await ask<string[]>('az', args)).length > 0;
}
