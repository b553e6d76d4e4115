// Unusual configurations: each can be planned, and no policy objects.
import { expect, it } from 'vitest';
import { makeBill, USUAL } from '../ops/cost/bill.ts';
import type { Plan } from '../preview/plan.ts';
import {
  all,
  bundleFile,
  bundleOf,
  having,
  type Inputs,
  judged,
  named,
  nameOfUrn,
  one,
  userDataOf,
} from './testing/plan.ts';

const rulesOf = (plan: Plan): Inputs[] => one(plan, 'network:NetworkSecurityGroup').inputs.securityRules;

const CLOUDFLARE = ['cloudflareAccountId: fedcba9876543210fedcba9876543210'];
const ZONE = ['cloudflareZoneId: 0123456789abcdef0123456789abcdef', ...CLOUDFLARE];

it('the largest of everything, an IoT Hub, an IPv6 administrator, and a dashboard without a domain', async () => {
  const dashboard = ['supabasePublishableKey: sb_publishable_example-example-example-1234', ...CLOUDFLARE];
  const sizes = [
    'iotHub: true',
    'vmSize: Standard_B2as_v2',
    'dataDiskGb: 1024',
    'logRetentionDays: 730',
    'logDailyCapGb: 100',
  ];
  const network = ['addressSpace: 10.0.0.0/8', 'subnetPrefix: 10.1.2.0/24'];
  const { plan, policies } = await judged(
    'dev',
    (file) =>
      having(
        ...dashboard,
        ...sizes,
        ...network,
      )(file)
        .replace('    - 203.0.113.10/32', "$&\n    - '2001:db8::7/128'")
        // Right for an environment that is often deleted; refused for one that is not.
        .replace(/ *mqtt-saas:vaultRetentionDays.*\n/, ''),
    'staging',
  );
  expect(policies?.violations).toEqual([]);
  expect(named(plan, 'iot-hub-hub').inputs.sku).toEqual({ name: 'F1', capacity: 1 });
  expect(named(plan, 'dashboard-project').inputs.name).toBe('mqtt-saas-staging-ex4mp1');
  expect(plan.filter(({ name }) => name === 'dashboard-record' || name === 'dashboard-domain')).toEqual([]);
  const { environment } = named(plan, 'dashboard-upload').inputs;
  expect(environment).toMatchObject({
    SITE_SUPABASE_URL: 'https://abcdefghijklmnopqrst.supabase.co',
    SITE_BROKER_HOST: expect.stringMatching(/cloudapp\.azure\.com$/),
    SITE_ENVIRONMENT: 'staging',
  });
  expect(Object.keys(environment)).toContain('SITE_BROKER_CA');
  // Azure takes no rule with both address families.
  expect(rulesOf(plan).map(({ name, sourceAddressPrefixes }) => [name, sourceAddressPrefixes])).toEqual(
    expect.arrayContaining([
      ['allow-ssh-admin', ['203.0.113.10/32']],
      ['allow-ssh-admin-ipv6', ['2001:db8::7/128']],
    ]),
  );
});

it('a domain in dev without a dashboard, the database by hand, a rotation under way', async () => {
  const rotation = ['deployDatabase: false', "ingestGenerationsInForce: '[1,2]'"];
  const { plan, policies } = await judged('dev', having('domain: dev.telemetry.example.com', ...ZONE, ...rotation));
  expect(policies?.violations).toEqual([]);
  expect(plan.filter(({ name }) => /^(dashboard|database|private-ca)/.test(name))).toEqual([]);
  expect(named(plan, 'dns-record').inputs.name).toBe('mqtt.dev.telemetry.example.com');
});

it('WebSocket and HTTPS, on the successor of the smallest machine, watched by all there is', async () => {
  const watched = ['machineAlerts: true', "webTestMinutes: '5'", "logAlertMinutes: '5'", 'metrics: true'];
  const { plan, policies } = await judged(
    'dev',
    having('webSocket: true', 'https: true', 'vmSize: Standard_B2ts_v2', ...watched),
  );
  expect(policies?.violations).toEqual([]);
  expect(one(plan, 'compute:VirtualMachine').inputs.hardwareProfile.vmSize).toBe('Standard_B2ts_v2');
  expect(rulesOf(plan).map(({ destinationPortRange }) => destinationPortRange)).toEqual([
    '22',
    '8883',
    '9001',
    '443',
    '*',
  ]);
  for (const text of [userDataOf(plan), bundleOf(plan)]) {
    for (const port of [9001, 443]) expect(text).toContain(`tcp dport ${port} accept`);
  }
});

it('a standby broker, to which the name was led', async () => {
  const standby = ['standbyBroker: true', 'activeBroker: standby', 'vmSize: Standard_B2ts_v2'];
  const { plan, policies } = await judged('dev', having('domain: dev.telemetry.example.com', ...ZONE, ...standby));
  expect(policies?.violations).toEqual([]);
  // Its price: a machine with its disk, a data disk, an address.
  const bill = new Map(makeBill(plan, USUAL).items.map(({ what, usd }) => [what, usd]));
  const monthly = { 'broker machine': 7.59, 'its disk': 2.4, 'data disk': 0.6, 'public address': 3.65 };
  for (const [what, usd] of Object.entries(monthly)) expect(bill.get(what), what).toBeCloseTo(2 * usd, 2);
  const machines = all(plan, 'compute:VirtualMachine');
  expect(machines.map(({ inputs }) => inputs.vmName)).toEqual(['vm-mqtt-saas-dev', 'vm-mqtt-saas-dev-standby']);
  // The same work, with the same rights to the same secrets.
  const [first, second] = machines.map(({ inputs }) => [
    inputs.identity,
    inputs.osProfile.customData,
    inputs.hardwareProfile,
  ]);
  expect(second).toEqual(first);
  expect(all(plan, 'compute:Disk').map(({ options }) => options.protect)).toEqual([true, true]);
  const scopes = plan
    .filter(({ name }) => name.startsWith('machine-access-'))
    .map(({ dependencies }) => dependencies.map(nameOfUrn));
  expect(scopes.flat()).toEqual(expect.arrayContaining(['broker-vm', 'standby-vm']));

  const dns = (name: string) => named(plan, name);
  const leadsTo = (name: string) => dns(name).options.propertyDependencies?.content?.map(nameOfUrn);
  expect(dns('dns-record').inputs).toMatchObject({ name: 'mqtt.dev.telemetry.example.com', ttl: 60 });
  expect(leadsTo('dns-record')).toEqual(['network-standby-address']);
  expect([dns('dns-primary-record').inputs.name, leadsTo('dns-primary-record')]).toEqual([
    'mqtt-primary.dev.telemetry.example.com',
    ['network-address'],
  ]);
  expect([dns('dns-standby-record').inputs.name, leadsTo('dns-standby-record')]).toEqual([
    'mqtt-standby.dev.telemetry.example.com',
    ['network-standby-address'],
  ]);
  expect(dns('dns-token').inputs.condition.requestIp.ins).toHaveLength(2);
  expect(one(plan, 'web:WebAppApplicationSettings').inputs.properties).toMatchObject({
    MQTT_BROKER_URL: 'mqtts://mqtt.dev.telemetry.example.com:8883',
    MQTT_INGEST_URLS:
      'mqtts://mqtt-primary.dev.telemetry.example.com:8883 mqtts://mqtt-standby.dev.telemetry.example.com:8883',
  });
  // One bundle for both; the standby tries it first.
  expect(JSON.parse(bundleFile(plan, 'settings.json'))).toMatchObject({
    brokerHost: 'mqtt.dev.telemetry.example.com',
    alsoNamed: ['mqtt-primary.dev.telemetry.example.com', 'mqtt-standby.dev.telemetry.example.com'],
  });
  const before = dns('broker-configuration-apply').dependencies.map(nameOfUrn);
  expect(before).toContain('broker-configuration-standby-in-force');
});
