import { expect, test } from 'vitest';
import { type Deed, may, ROLES } from './roles.ts';

test.each<[Deed, string[]]>([
  ['manage devices', ['owner', 'staff']],
  ['manage rules', ['owner', 'staff']],
  ['see dead letters', ['owner', 'staff']],
  ['manage members', ['owner']],
  ['read the audit log', ['owner']],
])('%s: %j', (deed, roles) => {
  expect(ROLES.filter((role) => may(role, deed))).toEqual(roles);
});
