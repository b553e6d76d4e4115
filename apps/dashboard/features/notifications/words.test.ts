import { describe, expect, it, test } from 'vitest';
import type { ChannelDraft } from './channels.ts';
import type { RouteDraft } from './routes.ts';
import {
  aboutWords,
  channelProblems,
  channelState,
  countWords,
  describeRoute,
  outcome,
  routeProblem,
  tellsWords,
  templateProblem,
  urlProblem,
} from './words.ts';

const ROUTE: RouteDraft = {
  channel_id: 'c',
  severities: ['warning', 'critical'],
  tags: [],
  after_minutes: 0,
  repeat_minutes: null,
  until: 'acknowledged',
  tells_resolved: true,
  quiet_from: null,
  quiet_until: null,
  time_zone: 'UTC',
  critical_passes: true,
  digest_above: 6,
  enabled: true,
};

const CHAT: ChannelDraft = {
  name: 'Ops',
  kind: 'chat',
  address: '',
  url: 'https://chat.example.com/send',
  chat: { key: 'k', header: 'apikey', group: '1' },
  template: '{"text": "{{text}}"}',
  language: 'en',
};

test('a route is a sentence', () => {
  expect(describeRoute(ROUTE)).toEqual({
    which: 'Warning and critical alerts',
    when: 'At once, and when it is resolved',
    quiet: undefined,
  });
  expect(
    describeRoute({
      ...ROUTE,
      severities: ['info', 'warning', 'critical'],
      tags: ['floor-1', 'pumps'],
      after_minutes: 30,
      repeat_minutes: 60,
      until: 'resolved',
      tells_resolved: false,
      quiet_from: '22:00:00',
      quiet_until: '07:00:00',
      time_zone: 'Europe/Berlin',
    }),
  ).toEqual({
    which: 'All alerts of devices tagged floor-1 or pumps',
    when: 'After 30 min, if it is open, again every 1 h while it is open',
    quiet: 'Quiet from 22:00 to 07:00 (Europe/Berlin), but not for critical ones',
  });
});

test.each<[Partial<RouteDraft>, RegExp | undefined]>([
  [{}, undefined],
  [{ channel_id: '' }, /channel/],
  [{ severities: [] }, /severity/],
  [{ tags: ['floor-1'] }, undefined],
  [{ tags: ['a!'] }, /“a!” is not a tag/],
  [{ tags: Array.from({ length: 17 }, (_, n) => `t${n}`) }, /at most 16/],
  [{ after_minutes: 1.5 }, /wait/],
  [{ repeat_minutes: 4 }, /Repeat/],
  [{ repeat_minutes: Number.NaN }, /Repeat/],
  [{ quiet_from: '22:00' }, /both/],
  [{ quiet_from: '22:00', quiet_until: '22:00' }, /different/],
  [{ digest_above: 0 }, /Digest/],
])('a route with %o: %s', (change, problem) => {
  const found = routeProblem({ ...ROUTE, ...change });
  if (problem) expect(found).toMatch(problem);
  else expect(found).toBeUndefined();
});

describe('urlProblem', () => {
  it.each(['https://hooks.example.com/a?b=c', ' https://example.com '])('takes %s', (url) => {
    expect(urlProblem(url, false)).toBeUndefined();
  });
  it.each([
    'hooks.example.com',
    'http://hooks.example.com',
    'https://hooks.example.com:8443/',
    'https://a:b@hooks.example.com/',
    'https://10.0.0.1/',
    'https://0x7f.1/',
    'https://[::1]/',
    'https://localhost/',
    'https://metadata.google.internal/',
  ])('refuses %s', (url) => {
    expect(urlProblem(url, false)).toBeDefined();
  });
});

test('on the local platform a URL may name this machine', () => {
  expect(urlProblem('https://localhost:8443/', true)).toBeUndefined();
  expect(urlProblem('https://10.0.0.1/', true)).toBeDefined();
});

test('a template is an object with a place for the text', () => {
  expect(templateProblem('{"number": "{{group}}", "text": "{{text}}"}')).toBeUndefined();
  for (const text of ['', '{', '[]', '"{{text}}"', '{"text": "hello"}', `{"a": "${'x'.repeat(4096)}{{text}}"}`])
    expect(templateProblem(text), text).toBeDefined();
});

test('a channel that is changed keeps its secrets when no URL is given; part of them alone is not taken', () => {
  expect(channelProblems(CHAT, true, false)).toEqual({});
  expect(Object.keys(channelProblems({ ...CHAT, url: '', name: ' ' }, true, false))).toEqual(['name', 'url']);
  const unchanged = { ...CHAT, url: '', chat: { ...CHAT.chat, key: '', group: '' } };
  expect(channelProblems(unchanged, false, false)).toEqual({});
  expect(Object.keys(channelProblems({ ...CHAT, url: '' }, false, false))).toEqual(['url']);
  for (const key of ['', 'Bearer k', 'schlüssel', 'k'.repeat(1001)])
    expect(Object.keys(channelProblems({ ...CHAT, chat: { ...CHAT.chat, key } }, true, false)), key).toEqual(['key']);
  expect(channelProblems({ ...CHAT, chat: { ...CHAT.chat, key: ' pasted\n' } }, true, false)).toEqual({});
  expect(Object.keys(channelProblems({ ...CHAT, kind: 'email', address: 'no address' }, true, false))).toEqual([
    'address',
  ]);
});

test('states and outcomes in words', () => {
  const channel = { enabled: true, confirmed_at: 'then', refused_at: null } as Parameters<typeof channelState>[0];
  expect(channelState(channel).word).toBe('Ready');
  expect(channelState({ ...channel, enabled: false }).word).toBe('Off');
  expect(channelState({ ...channel, confirmed_at: null }).word).toBe('Waits for confirmation');
  expect(channelState({ ...channel, confirmed_at: null, refused_at: 'then' }).word).toBe('Refused by its reader');
  expect(outcome({ state: 'waiting', attempts: 2 }).word).toBe('Tried again');
  expect(tellsWords({ transition: 'escalated', n: 90 })).toBe('Escalated after 90 min');
  expect(tellsWords({ transition: 'escalated', n: 2880 })).toBe('Escalated after 2 days');
  expect(tellsWords({ transition: 'repeated', n: 2 })).toBe('Repeated, 2 times');
  expect(aboutWords({ transition: 'opened', content: { rule: 'Hot', device_name: 'Boiler' } })).toBe('Hot on Boiler');
  expect(aboutWords({ transition: 'digest', content: null })).toBe('Being collected');
  expect(countWords({ sent: 2, waiting: 0, failed: 1 })).toBe('2 sent, 1 failed');
  expect(countWords({ sent: 0, waiting: 0, failed: 0 })).toBeUndefined();
});
