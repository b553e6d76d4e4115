// Who may read which secret: everyone who must, and nobody else.

import { beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../preview/plan.ts';
import { all, bundleFile, nameOfUrn, one, planOf, WITH_ALL } from '../testing/plan.ts';
import { SECRETS } from './secrets.ts';

describe.each(['dev', 'prod'])('%s', (stack) => {
  let plan: Plan;
  beforeAll(async () => {
    plan = await planOf(stack);
  });

  it('gives each identity the rights of this table and no others', () => {
    const table = all(plan, 'authorization:RoleAssignment').map(({ name, inputs, options }) => {
      expect(inputs.principalType).toBe('ServicePrincipal');
      const { principalId = [], scope = [] } = options.propertyDependencies ?? {};
      return [
        nameOfUrn(principalId[0] ?? ''),
        inputs.roleDefinitionId.split('/').at(-1).slice(0, 8),
        nameOfUrn(scope[0] ?? ''),
        scope.length,
        name.startsWith('access-'),
      ];
    });
    const [reads, owns, fetches, writes, writesLog] = ['4633458b', 'b7e6dc6d', '2a2b9908', 'ba92f5b4', '3913510d'];
    const delegates = 'db58b8e5';
    const tls = ['ca', 'certificate', 'key'].map((what) => [
      'identities-broker',
      reads,
      `vault-broker-tls-${what}`,
      1,
      true,
    ]);
    expect(table).toEqual([
      ...(stack === 'prod'
        ? [
            ['archive-identity', reads, 'vault-archive-database-url', 1, true],
            ['archive-identity', delegates, 'archive-account', 1, true],
            ['archive-identity', writes, 'archive-container', 1, true],
            ['backups-identity', reads, 'vault-backup-database-url', 1, true],
            ['backups-identity', reads, 'vault-backup-key', 1, true],
            ['backups-identity', writes, 'backups-container', 1, true],
          ]
        : []),
      ...(stack === 'dev' ? tls : []),
      ['identities-broker', fetches, 'bundles-container', 1, true],
      ...(stack === 'prod' ? [['identities-broker', reads, 'vault-cloudflare-dns-token', 1, true]] : []),
      ['identities-broker', reads, 'vault-registry-database-url', 1, true],
      ['identities-broker', reads, 'vault-broker-stamp-key', 1, true],
      ['identities-broker', reads, 'vault-svc-ingest-2-password', 1, true],
      ['identities-broker', reads, 'vault-svc-ingest-password', 1, true],
      ['identities-broker', reads, 'vault-timer-twin-key', 1, true],
      ['identities-broker', writes, 'storage-broker-state', 1, true],
      ['identities-functions', owns, 'storage-account', 1, true],
      ['identities-functions', reads, 'vault-ingest-database-url', 1, true],
      ['identities-functions', reads, 'vault-notify-key-1', 1, true],
      ['identities-functions', reads, 'vault-notify-key-2', 1, true],
      ['identities-functions', reads, 'vault-broker-stamp-key', 1, true],
      ['identities-functions', reads, 'vault-svc-control-2-password', 1, true],
      ['identities-functions', reads, 'vault-svc-control-password', 1, true],
      ['identities-functions', reads, 'vault-svc-ingest-2-password', 1, true],
      ['identities-functions', reads, 'vault-svc-ingest-password', 1, true],
      ['identities-functions', reads, 'vault-timer-twin-key', 1, true],
      ['identities-functions', writesLog, 'logs-insights', 1, true],
      ['identities-broker', writesLog, 'broker-vm', 1, false],
    ]);
  });

  it('lets each identity read exactly the secrets that its workload is told to read', () => {
    const kept = all(plan, 'keyvault:Secret').map(({ inputs }) => inputs.secretName as string);
    const told = { 'identities-functions': secretsOfApp(plan), 'identities-broker': secretsOfMachine(plan) };
    // The next generations' accounts are not in force anywhere yet, but their readers must be able to read their passwords by then.
    const ahead: Record<string, string[]> = {
      'identities-functions': ['svc-ingest-2-password', 'svc-control-2-password', 'notify-key-2'],
      'identities-broker': ['svc-ingest-2-password'],
    };
    for (const secret of ahead['identities-functions']!) expect(told['identities-functions']).not.toContain(secret);
    for (const [identity, names] of Object.entries(told)) {
      expect(names.length, identity).toBeGreaterThan(1);
      expect(kept, identity).toEqual(expect.arrayContaining(names));
      expect(readableBy(identity, plan), identity).toEqual([...new Set([...names, ...ahead[identity]!])].sort());
    }
    // Every secret has a reader; the backups' and the archive's are read by their workflows alone.
    const byBackups = readableBy('backups-identity', plan);
    expect(byBackups).toEqual(stack === 'prod' ? [SECRETS.backupUrl, SECRETS.backupKey].sort() : []);
    const byArchive = readableBy('archive-identity', plan);
    expect(byArchive).toEqual(stack === 'prod' ? [SECRETS.archiveUrl] : []);
    const read = [...Object.values(told), ...Object.values(ahead), byBackups, byArchive].flat();
    expect([...new Set(read)].sort()).toEqual(kept.sort());
  });
});

it('both generations’ passwords are read during a rotation', async () => {
  const plan = await planOf('dev', WITH_ALL);
  for (const names of [secretsOfApp(plan), secretsOfMachine(plan)]) {
    expect(names).toEqual(expect.arrayContaining(['svc-ingest-2-password', 'svc-ingest-password']));
  }
});

it('Ubuntu Pro’s token is kept for a person to set, and the machine may read it', async () => {
  const plan = await planOf('dev', WITH_ALL);
  const token = all(plan, 'keyvault:Secret').find(({ inputs }) => inputs.secretName === 'ubuntu-pro-token');
  expect(token?.options.ignoreChanges).toEqual(['properties.value']);
  expect(readableBy('identities-broker', plan)).toContain('ubuntu-pro-token');
  const { proTokenSecret } = JSON.parse(bundleFile(plan, 'settings.json')) as { proTokenSecret: string };
  expect(proTokenSecret).toBe('ubuntu-pro-token');
  expect(bundleFile(plan, 'units/attach-pro.timer')).toContain('[Timer]');
  expect(bundleFile(await planOf('dev'), 'settings.json')).not.toContain('proTokenSecret');
});

/** The secrets that app settings refer to. */
function secretsOfApp(plan: Plan): string[] {
  const { vaultName } = one(plan, 'keyvault:Vault').inputs;
  const settings = Object.values<string>(one(plan, 'web:WebAppApplicationSettings').inputs.properties);
  return settings
    .filter((value) => value.startsWith('@'))
    .map((value) => {
      const [, vault, name] = /^@Microsoft\.KeyVault\(VaultName=([\w-]+);SecretName=([\w-]+)\)$/.exec(value) ?? [];
      expect(vault).toBe(vaultName);
      return name ?? '';
    });
}

/** The secrets that the machine's settings name: by the file that they become, or by their purpose. */
function secretsOfMachine(plan: Plan): string[] {
  const { vaultUri, secrets, certificate, timers } = JSON.parse(bundleFile(plan, 'settings.json')) as {
    vaultUri: string;
    secrets: Record<string, string>;
    certificate: Record<string, string>;
    timers: { keySecret: string };
  };
  expect(vaultUri).toBe(`https://${one(plan, 'keyvault:Vault').inputs.vaultName}.vault.azure.net`);
  const { source: _, ...named } = certificate;
  return [...Object.values(secrets), ...Object.values(named), timers.keySecret];
}

/** The secrets that an identity's roles open, by their names in the vault. */
function readableBy(identity: string, plan: Plan): string[] {
  const roles = all(plan, 'authorization:RoleAssignment').filter(
    ({ inputs, options }) =>
      inputs.roleDefinitionId.endsWith('4633458b-17de-408a-b874-0445c86b69e6') &&
      options.propertyDependencies?.principalId?.map(nameOfUrn).includes(identity),
  );
  return roles
    .map(({ options }) => nameOfUrn(options.propertyDependencies?.scope?.[0] ?? '')?.replace(/^vault-/, '') ?? '')
    .sort();
}
