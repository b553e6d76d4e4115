import { expect, test } from 'vitest';
import { can, type Permission, ROLES } from './roles.ts';

test.each<[Permission, string[]]>([
  ['manage devices', ['owner', 'staff']],
  ['manage rules', ['owner', 'staff']],
  ['see dead letters', ['owner', 'staff']],
  ['manage members', ['owner']],
  ['read the audit log', ['owner']],
  ['manage the tenant', ['owner']],
])('%s: %j', (permission, roles) => {
  expect(ROLES.filter((role) => can(role, permission))).toEqual(roles);
});
