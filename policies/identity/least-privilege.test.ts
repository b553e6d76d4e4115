// Which principals are workloads, and which scopes are too wide.
import { describe, expect, test } from 'vitest';
import { resource, UNKNOWN_TEXT, urnOf } from '../testing/plan.ts';
import { judge } from '../testing/specimen.ts';
import { ROLE_ASSIGNMENT, STORAGE_ACCOUNT, VAULT, VAULT_SECRET } from '../types.ts';
import { leastPrivilege } from './least-privilege.ts';

const ROLES = '/providers/Microsoft.Authorization/roleDefinitions/';
const CONTRIBUTOR = `${ROLES}b24988ac-6180-42a0-ab88-20f7382dd24c`;
const SECRETS_USER = `${ROLES}4633458b-17de-408a-b874-0445c86b69e6`;
const BLOB_OWNER = `${ROLES}b7e6dc6d-f1e8-4753-8033-0f276bb0955b`;
const GROUP = 'azure-native:resources:ResourceGroup';
const around = [
  resource(GROUP, 'it', {}),
  resource(VAULT, 'it', {}),
  resource(VAULT_SECRET, 'it', {}),
  resource(STORAGE_ACCOUNT, 'it', {}),
];

function assign(roleDefinitionId: string, from: string, extra: Record<string, unknown> = {}): string[] {
  const props = { roleDefinitionId, scope: UNKNOWN_TEXT, ...extra };
  const links: Record<string, string[]> = from === '' ? {} : { scope: [urnOf(from, 'it')] };
  return judge(leastPrivilege, [...around, resource(ROLE_ASSIGNMENT, 'assignment', props, links)]);
}

describe('identity-least-privilege', () => {
  test.each([
    [SECRETS_USER, VAULT],
    [SECRETS_USER, VAULT_SECRET],
    [BLOB_OWNER, STORAGE_ACCOUNT],
  ])('%s on %s is narrow', (role, from) => {
    expect(assign(role, from)).toEqual([]);
  });
  test.each([
    ['a vault role on a storage account', SECRETS_USER, STORAGE_ACCOUNT, 'vault role'],
    ['a vault role on something unknown', SECRETS_USER, '', 'vault role'],
    ['a role on the resource group', BLOB_OWNER, GROUP, 'whole resource group'],
    ['a privileged role on one resource', CONTRIBUTOR, STORAGE_ACCOUNT, 'Contributor'],
    ['a role that is not known', UNKNOWN_TEXT, STORAGE_ACCOUNT, 'not known'],
  ])('%s is not', (_, role, from, message) => {
    expect(assign(role, from).join()).toContain(message);
  });
  test('users and groups are not judged; a principal of any other or no type is a workload', () => {
    expect(assign(CONTRIBUTOR, GROUP, { principalType: 'Group' })).toEqual([]);
    for (const principalType of [undefined, UNKNOWN_TEXT, 'ServicePrincipal'])
      expect(assign(CONTRIBUTOR, GROUP, { principalType })).toHaveLength(2);
  });
});
