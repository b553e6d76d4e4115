// Configurations off the beaten track (stacks/odd.test.ts plans them): each is deployed with the policy pack, and no policy objects.
import { expect, it } from 'vitest';
import { having } from '../../stacks/testing/plan.ts';
import { changesOf } from './events.ts';
import { EngineStack } from './stack.ts';

const CLOUDFLARE = ['cloudflareAccountId: fedcba9876543210fedcba9876543210'];
const ZONE = ['cloudflareZoneId: 0123456789abcdef0123456789abcdef', ...CLOUDFLARE];

it.each([
  {
    what: 'the largest of everything, in production',
    stack: 'staging',
    change: (file: string) =>
      having(
        'iotHub: true',
        'vmSize: Standard_B2as_v2',
        'dataDiskGb: 1024',
        'logRetentionDays: 730',
        'logDailyCapGb: 100',
        'addressSpace: 10.0.0.0/8',
        'subnetPrefix: 10.1.2.0/24',
        'supabasePublishableKey: sb_publishable_example-example-example-1234',
        ...CLOUDFLARE,
      )(file)
        .replace('    - 203.0.113.10/32', "$&\n    - '2001:db8::7/128'")
        .replace(/ *mqtt-saas:vaultRetentionDays.*\n/, ''),
  },
  {
    what: 'a domain without a dashboard, the database by hand, a rotation under way',
    stack: 'dev',
    change: having(
      'domain: dev.telemetry.example.com',
      ...ZONE,
      'deployDatabase: false',
      "ingestGenerationsInForce: '[1,2]'",
    ),
  },
  {
    what: 'WebSocket and HTTPS, on the successor of the smallest machine, watched by all there is',
    stack: 'dev',
    change: having(
      'webSocket: true',
      'https: true',
      'vmSize: Standard_B2ts_v2',
      'machineAlerts: true',
      "webTestMinutes: '5'",
      "logAlertMinutes: '5'",
      'metrics: true',
    ),
  },
  {
    what: 'a standby broker, to which the name was led',
    stack: 'dev',
    change: having(
      'domain: dev.telemetry.example.com',
      ...ZONE,
      'standbyBroker: true',
      'activeBroker: standby',
      'vmSize: Standard_B2ts_v2',
    ),
  },
])('$what', async ({ stack: name, change }) => {
  const stack = await EngineStack.open({ stack: name, file: 'dev', change });
  try {
    const preview = await stack.preview({ pack: true });
    expect(preview.findings).toEqual([]);
    expect(preview.status, preview.output).toBe(0);
    const up = await stack.up({ pack: true });
    expect(up.findings).toEqual([]);
    expect(up.status, up.output).toBe(0);
    expect(changesOf(await stack.preview())).toEqual([]);
  } finally {
    stack.close();
  }
});
