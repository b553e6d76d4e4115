// Which resource disables passwords for which app: by dependency, by name, and for slots.
import { expect, test } from 'vitest';
import { resource, UNKNOWN_TEXT, urnOf } from '../testing/plan.ts';
import { judge } from '../testing/specimen.ts';
import { FTP_ALLOWED, SCM_ALLOWED, WEB_APP, WEB_APP_SLOT } from '../types.ts';
import { noPublishingPasswords } from './no-publishing-passwords.ts';

const siteConfig = { ftpsState: 'Disabled' };
const app = (name: string) => resource(WEB_APP, name, { name, siteConfig });
const closed = (props: object, suffix = '', links = {}) =>
  [FTP_ALLOWED, SCM_ALLOWED].map((type) => resource(type + suffix, 'closed', { allow: false, ...props }, links));
const find = (...plan: Parameters<typeof judge>[1]) => judge(noPublishingPasswords, plan);

test('a name in any letter case closes that app and no other', () => {
  expect(find(app('one'), ...closed({ name: 'ONE' }))).toEqual([]);
  expect(find(app('one'), app('two'), ...closed({ name: 'one' }))).toHaveLength(2);
});
test('a name that is not known closes nothing unless it was made from the app', () => {
  expect(find(app('one'), ...closed({ name: UNKNOWN_TEXT }))).toHaveLength(2);
  expect(find(app('one'), ...closed({ name: UNKNOWN_TEXT }, '', { name: [urnOf(WEB_APP, 'one')] }))).toEqual([]);
});
test('an app on Flex Consumption, which refuses ftpsState, needs none; its passwords are closed anyway', () => {
  const flex = (functionAppConfig: object) => resource(WEB_APP, 'one', { name: 'one', functionAppConfig });
  expect(find(flex({ deployment: {} }), ...closed({ name: 'one' }))).toEqual([]);
  expect(find(flex({ deployment: {} }))).toHaveLength(2);
  expect(find(flex({ deployment: UNKNOWN_TEXT }), ...closed({ name: 'one' }))).toHaveLength(1);
  expect(find(flex({}), ...closed({ name: 'one' }))).toHaveLength(1);
});
test('a slot needs its own', () => {
  const slot = resource(WEB_APP_SLOT, 'slot', { name: 'one', slot: 'next', siteConfig });
  expect(find(slot, ...closed({ name: 'one' }))).toHaveLength(2);
  expect(find(slot, ...closed({ name: 'one', slot: 'next' }, 'Slot'))).toEqual([]);
  expect(find(slot, ...closed({ name: 'one', slot: 'other' }, 'Slot'))).toHaveLength(2);
});
