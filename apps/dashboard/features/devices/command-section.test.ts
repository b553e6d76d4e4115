// What the device page offers where commands are sent, and where they are not.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test, vi } from 'vitest';
import { TenantProvider } from '../tenants/tenant.tsx';
import { CommandSection } from './command-section.tsx';
import type { DeviceCommand } from './commands.ts';

const waiting: DeviceCommand = {
  id: 'c',
  payload: { on: true },
  requested_at: '2026-11-29T12:00:00Z',
  sent_at: null,
  error: null,
};

/** The section as the page shows it to an owner. */
function show(sendsCommands: boolean, commands: DeviceCommand[] = []): string {
  vi.stubGlobal('localStorage', { getItem: () => null });
  const client = new QueryClient();
  client.setQueryData(['config'], { sendsCommands });
  client.setQueryData(['commands', 'd'], commands);
  const tenants = [{ tenant_id: 't', slug: 'acme', name: 'Acme', role: 'owner' }] as never;
  const section = createElement(CommandSection, { device: { id: 'd' } as never });
  const page = { tenants, children: section };
  return renderToStaticMarkup(createElement(QueryClientProvider, { client }, createElement(TenantProvider, page)));
}

test('where commands are sent, they can be asked for', () => {
  expect(show(true)).toContain('Send command');
  expect(show(true)).not.toContain('does not send commands');
});

test('where nothing sends them, the page says so and offers none', () => {
  expect(show(false)).toContain('This platform does not send commands yet.');
  expect(show(false)).not.toContain('Send command');
});

test('a command that nothing will send does not look as if it were on its way', () => {
  expect(show(true, [waiting])).toContain('Waiting');
  expect(show(false, [waiting])).toContain('Not sent');
  expect(show(false, [waiting])).not.toContain('Waiting');
});
