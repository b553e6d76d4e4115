// What the device page says of commands and of the desired state.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createElement, type FunctionComponent } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test, vi } from 'vitest';
import { TenantProvider } from '../tenants/tenant.tsx';
import { CommandSection } from './command-section.tsx';
import type { DeviceCommand } from './commands.ts';
import { DesiredSection } from './desired-section.tsx';
import { membersOf } from './desired-states.ts';

const waiting: DeviceCommand = {
  id: 'c',
  payload: { on: true },
  requested_at: '2026-11-29T12:00:00Z',
  expires_at: '2026-12-13T12:00:00Z',
  state: 'waiting',
  handed_at: null,
  tries: 0,
  repeats: false,
  result: null,
  error: null,
};

/** A section as the page shows it to a member. */
function show(section: FunctionComponent<{ device: never }>, key: string, data: unknown, role = 'owner'): string {
  vi.stubGlobal('localStorage', { getItem: () => null });
  const client = new QueryClient();
  client.setQueryData([key, 'd'], data);
  const tenants = [{ tenant_id: 't', slug: 'acme', name: 'Acme', role }] as never;
  const page = { tenants, children: createElement(section, { device: { id: 'd' } as never }) };
  return renderToStaticMarkup(createElement(QueryClientProvider, { client }, createElement(TenantProvider, page)));
}

test.each([
  [{}, 'Waiting', ''],
  [
    { handed_at: '2026-11-29T12:00:01Z', tries: 1 },
    'Waiting',
    'The broker has it; the device has not been heard since.',
  ],
  [{ state: 'sent', tries: 1 }, 'Sent', ''],
  [{ state: 'sent', tries: 3, repeats: true }, 'Sent', 'Not acknowledged yet, sent 3 times.'],
  [{ state: 'acknowledged', result: { done: 1 } }, 'Acknowledged', 'The device answered {&quot;done&quot;:1}'],
  [{ state: 'expired', error: 'It expired: x' }, 'Expired', 'It expired: x'],
  [{ state: 'failed', error: 'The device says: stuck' }, 'Failed', 'The device says: stuck'],
])('a command %o', (more, word, words) => {
  const page = show(CommandSection, 'commands', [{ ...waiting, ...more }]);
  expect(page).toContain(`${word}</span>`);
  expect(page).toContain(words);
  expect(page).toContain('Send command');
});

test('a viewer sees commands and sends none', () => {
  const page = show(CommandSection, 'commands', [waiting], 'viewer');
  expect(page).toContain('Waiting');
  expect(page).not.toContain('Send command');
});

const state = {
  desired: { interval: 60, unit: 'C' },
  desired_version: 2,
  desired_at: '2026-11-29T12:00:00Z',
  published_version: 2,
  reported: { interval: 30, unit: 'C', uptime: 5 },
  reported_at: '2026-11-29T12:00:00Z',
  delta: { interval: 60 },
};

test('what differs stands first', () => {
  expect(membersOf(state).map(({ name, differs }) => [name, differs])).toEqual([
    ['interval', true],
    ['unit', false],
    ['uptime', false],
  ]);
  expect(membersOf({ ...state, desired: null, delta: null })).toMatchObject([
    {},
    {},
    { desired: undefined, reported: '5' },
  ]);
});

test.each([
  [{}, 'Differs'],
  [{ published_version: 1 }, 'On its way'],
  [{ delta: {} }, 'As desired'],
])('a state %o is %s', (more, word) => {
  const page = show(DesiredSection, 'desired', { ...state, ...more });
  expect(page).toContain(word);
  expect(page).toContain('Change what is desired');
  expect(show(DesiredSection, 'desired', { ...state, ...more }, 'viewer')).not.toContain('Change');
});
