// Cases about inline and standalone rules together.
import { UNKNOWN_TEXT } from '../../testing/plan.ts';
import { ADMIN, type Case, denyAll, from, later, SSH, to, UNJUDGED } from './case.ts';

export const standalone: Case[] = [
  {
    name: 'SSH standalone beside safe inline rules',
    inline: [to('8883')],
    standalone: [{ name: 'ssh', priority: 200 }],
    violation: SSH,
  },
  { name: 'SSH standalone alone', standalone: [{}], violation: SSH },
  { name: 'SSH inline, denied standalone before', inline: [later], standalone: [denyAll] },
  { name: 'SSH standalone, denied inline before', inline: [denyAll], standalone: [later] },
  {
    name: 'SSH standalone, denied inline too late',
    inline: [{ ...denyAll, priority: 300 }],
    standalone: [later],
    violation: SSH,
  },
  {
    name: 'the same priority inline and standalone',
    inline: [denyAll],
    standalone: [{ name: 'ssh' }],
    violation: /both Inbound with priority 100/,
  },
  { name: 'the same rule inline and standalone', inline: [from(ADMIN)], standalone: [from(ADMIN)] },
  {
    name: 'the same name with different fields',
    inline: [from(ADMIN)],
    standalone: [{ priority: 300, ...from('VirtualNetwork') }],
    violation: /defined twice/,
  },
  { name: 'an older copy that Azure returned', inline: [{ etag: 'W/"1"' }], standalone: [from(ADMIN)] },
  {
    name: 'a standalone rule not known yet',
    inline: [denyAll],
    standalone: [{ name: 'ssh', priority: 200, ...from(UNKNOWN_TEXT) }],
    violation: UNJUDGED,
  },
  {
    name: 'two standalone rules of one name',
    standalone: [
      { name: 'mqtts', ...to('8883') },
      { name: 'MQTTS', priority: 200, access: 'Deny' },
    ],
    violation: /"mqtts" and "MQTTS" have the same name to Azure/,
  },
  { name: 'a safe standalone rule', inline: [denyAll], standalone: [{ name: 'mqtts', priority: 200, ...to('8883') }] },
];
