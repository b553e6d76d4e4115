// The changes that the offline preview and the engine are asked about: what somebody who runs this platform does to it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineStack } from './stack.ts';

export interface Change {
  /** For the table. */
  what: string;
  stack: 'dev' | 'prod';
  make(stack: EngineStack): void;
}

/** Lines of the stack's file, without the namespace. */
const having =
  (...lines: string[]) =>
  (stack: EngineStack) =>
    stack.configure((file) => {
      const keys = lines.map((line) => `  mqtt-saas:${line.slice(0, line.indexOf(':') + 1)}`);
      const kept = file.split('\n').filter((line) => !keys.some((key) => line.startsWith(key)));
      return `${kept.join('\n').replace(/^config:$/m, () => `config:\n${lines.map((line) => `  mqtt-saas:${line}`).join('\n')}`)}`;
    });

const without = (key: string) => (stack: EngineStack) =>
  stack.change(`Pulumi.${stack.stack}.yaml`, new RegExp(` *mqtt-saas:${key}:.*\n`), '');

const inFile = (file: string, from: string | RegExp, to: string) => (stack: EngineStack) =>
  stack.change(file, from, to);

/** The private halves were thrown away. */
const OTHER_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEChPZ6VnHNYHGRxqT0fQs9vXo0Hx0NqNbvKpJdyyl other';

const renamed = (alias: boolean) => (stack: EngineStack) => {
  const options = alias ? ", { aliases: [{ name: 'network' }] }" : '';
  const call = 'new Network(NETWORK, { ...config, placement, ingress, standby: config.standbyBroker }';
  stack.change('stacks/profiles/machine/endpoint.ts', `${call})`, `${call.replace('NETWORK', "'net'")}${options})`);
};

function migration(stack: EngineStack): void {
  const file = 'provisioning/database/supabase/migrations/20991231235900_another.sql';
  writeFileSync(join(stack.dir, file), 'select 1;\n');
}

export const CHANGES: Change[] = [
  { what: 'nothing', stack: 'dev', make: () => {} },
  { what: 'a tag', stack: 'dev', make: having('costCenter: iot-9999') },
  { what: 'the owner', stack: 'prod', make: having('owner: others@example.com') },
  { what: 'the machine’s size', stack: 'dev', make: having('vmSize: Standard_B2ts_v2') },
  { what: 'a larger data disk', stack: 'dev', make: having('dataDiskGb: 16') },
  {
    what: 'another administrator’s address',
    stack: 'dev',
    make: inFile('Pulumi.dev.yaml', '203.0.113.10/32', '203.0.113.11/32'),
  },
  {
    what: 'one more administrator, with IPv6',
    stack: 'dev',
    make: inFile('Pulumi.dev.yaml', '- 203.0.113.10/32', "- 203.0.113.10/32\n    - '2001:db8::7/128'"),
  },
  { what: 'the broker’s configuration', stack: 'dev', make: having('brokerMaxConnections: 1000') },
  { what: 'WebSocket switched on', stack: 'dev', make: having('webSocket: true') },
  {
    what: 'the functions’ code',
    stack: 'dev',
    make: inFile('functions/runtime/retry.ts', /^/, "console.log('another package');\n"),
  },
  { what: 'an ingest setting', stack: 'dev', make: having('ingestBatchCap: 1000') },
  { what: 'a migration', stack: 'dev', make: migration },
  { what: 'the administrator’s SSH key', stack: 'dev', make: having(`sshPublicKey: ${OTHER_KEY}`) },
  {
    what: 'the machine’s image',
    stack: 'dev',
    make: inFile('components/broker-machine.ts', "sku: 'server'", "sku: 'minimal'"),
  },
  {
    what: 'the administrator’s user name',
    stack: 'dev',
    make: inFile('components/broker-machine.ts', "const ADMIN = 'azureuser'", "const ADMIN = 'operator'"),
  },
  { what: 'no encryption at host', stack: 'dev', make: having('encryptionAtHost: false') },
  { what: 'the name suffix', stack: 'dev', make: having('nameSuffix: other1') },
  { what: 'the region', stack: 'dev', make: having('location: westeurope') },
  {
    what: 'the address ranges',
    stack: 'dev',
    make: having('addressSpace: 10.30.0.0/24', 'subnetPrefix: 10.30.0.0/28'),
  },
  { what: 'the vault’s retention', stack: 'dev', make: having('vaultRetentionDays: 30') },
  { what: 'the log’s retention', stack: 'dev', make: having('logRetentionDays: 60') },
  { what: 'the budget', stack: 'dev', make: having('monthlyBudget: 50') },
  { what: 'a rotation begun', stack: 'dev', make: having("ingestGenerationsInForce: '[1,2]'") },
  {
    what: 'a rotation half done',
    stack: 'dev',
    make: having("ingestGenerationsInForce: '[1,2]'", 'ingestGeneration: 2'),
  },
  {
    what: 'a role of a grant',
    stack: 'dev',
    make: inFile('stacks/tables/grants.ts', "role: 'Storage Blob Data Contributor'", "role: 'Storage Blob Data Owner'"),
  },
  { what: 'an IoT Hub', stack: 'dev', make: having('iotHub: true') },
  {
    what: 'a dashboard',
    stack: 'dev',
    make: having(
      'supabasePublishableKey: sb_publishable_example-example-example-1234',
      'cloudflareAccountId: fedcba9876543210fedcba9876543210',
    ),
  },
  { what: 'no dashboard any more', stack: 'prod', make: without('supabasePublishableKey') },
  { what: 'another domain', stack: 'prod', make: having('domain: telemetry.example.org') },
  { what: 'another zone', stack: 'prod', make: having('cloudflareZoneId: abcdef00000000000000000000000000') },
  {
    what: 'a domain instead of the private CA',
    stack: 'dev',
    make: having(
      'domain: dev.telemetry.example.com',
      'cloudflareZoneId: 0123456789abcdef0123456789abcdef',
      'cloudflareAccountId: fedcba9876543210fedcba9876543210',
    ),
  },
  { what: 'the database left to its owner', stack: 'dev', make: having('deployDatabase: false') },
  { what: 'the network renamed, with an alias', stack: 'dev', make: renamed(true) },
  { what: 'the network renamed, without one', stack: 'dev', make: renamed(false) },
  { what: 'a resource removed', stack: 'dev', make: inFile('stacks/monitoring.ts', /\n {2}new Budget\([^;]*;/, '') },
  {
    what: 'the CA’s validity',
    stack: 'dev',
    make: (stack) => {
      const file = 'components/private-ca.ts';
      const [line = ''] = /const CA_VALIDITY = .*;/.exec(readFileSync(join(stack.dir, file), 'utf8')) ?? [];
      stack.change(file, line, 'const CA_VALIDITY = 1000;');
    },
  },
];
