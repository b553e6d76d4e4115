// An adoption relies on names of resources: one that the program never registers stops the deployment.
import { expect, it } from 'vitest';
import { unregistered } from './adopt.ts';
import { SSH_RULE_NAMES } from './grace-rules.ts';

const ADOPTED = { resources: { 'network-vnet': {} }, placed: { 'broker-disk': {} } } as unknown as Parameters<
  typeof unregistered
>[0];
const REGISTERED = [
  'network-vnet',
  'broker-disk',
  'broker-configuration-apply',
  'broker-configuration-in-force',
  'functions-settings',
];

it('names nothing when the program registered everything', () => {
  expect(unregistered(ADOPTED, new Set(REGISTERED))).toEqual([]);
});

it.each(REGISTERED)('names %s when the program did not register it, adopted, placed or held back', (name) => {
  expect(unregistered(ADOPTED, new Set(REGISTERED.filter((each) => each !== name)))).toEqual([name]);
});

it('knows the names of the SSH rules as Azure gets them', () => {
  expect(SSH_RULE_NAMES).toEqual(['allow-ssh-admin', 'allow-ssh-admin-ipv6', 'deny-other-ssh']);
});
