// The words of the report: of each policy that can object to a recorded resource, and of none that is gone.
import { expect, it } from 'vitest';
import { RULES } from '../../policies/pack.ts';
import { inWords, WORDS } from './words.ts';

/** About what a recorded environment does not have, or what the report says in another way. */
const ELSEWHERE =
  /^(admin-address|cloudflare|identity-least|messaging-|network-ingress-contract|policy-exceptions|production-immutable|proxmox-|secrets-|stack-|vault-)/;

it('every policy has words', () => {
  const names = RULES.map(({ name }) => name).filter((name) => !ELSEWHERE.test(name));
  expect(Object.keys(WORDS).sort()).toEqual(names.sort());
});

it('a kind is named once, under the phase that ends the last of it; an opening under its own', () => {
  const tag = (resource: string, phase: number) => ({
    policy: 'governance-required-tags',
    resource,
    phase,
    message: '',
  });
  const way = (port: string, rule: string, phase: number) => ({
    policy: 'network-ingress-contract',
    resource: 'NetworkSecurityGroup network-nsg',
    phase,
    message: `A packet from 198.51.100.7 ${port} is allowed by rule "${rule}" (priority 300) of group "network-nsg".`,
  });
  const found = [
    tag('VirtualNetwork network-vnet', 1),
    tag('Component before-insights1', 4),
    way('to 22/tcp', 'ssh', 1),
    way('to 1883/tcp', 'plain', 2),
    way('over icmp', 'ping', 2),
    { resource: 'Broker accounts', phase: 2, message: 'long', short: 'one account for all devices' },
    { policy: 'some-new-policy', resource: 'Stack dev', phase: 0, message: '' },
  ];
  expect([...inWords(found)]).toEqual([
    [0, ['some new policy']],
    [1, ['open to the internet (22/tcp by ssh)']],
    [2, ['open to the internet (1883/tcp by plain, icmp by ping)', 'one account for all devices']],
    [4, ['no tags (network, insights)']],
  ]);
});
