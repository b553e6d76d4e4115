// The rules of the pack. Separate from index.js, which opens a server as soon as it is imported.
import { readFileSync } from 'node:fs';
import { pagesAndRecords } from './cloudflare/pages-and-records.ts';
import { definePolicy } from './define.ts';
import { exceptionsInOrder } from './exceptions/exceptions-in-order.ts';
import { parseExceptions } from './exceptions/parse.ts';
import { httpsOnly } from './functions/https-only.ts';
import { appIdentity } from './functions/managed-identity.ts';
import { noOpenDoors } from './functions/no-open-doors.ts';
import { noPublishingPasswords } from './functions/no-publishing-passwords.ts';
import { secretsByReference } from './functions/secrets-by-reference.ts';
import { strongTls } from './functions/strong-tls.ts';
import { alerts } from './governance/alerts.ts';
import { allowedPlacesAndSizes } from './governance/allowed-places-and-sizes.ts';
import { budget } from './governance/budget.ts';
import { diagnostics } from './governance/diagnostics.ts';
import { requiredTags } from './governance/required-tags.ts';
import { leastPrivilege } from './identity/least-privilege.ts';
import { Inputs } from './inputs.ts';
import { encryptedAtHost } from './machine/encrypted-at-host.ts';
import { managedIdentity } from './machine/managed-identity.ts';
import { noDiskExport } from './machine/no-disk-export.ts';
import { noPasswordLogin } from './machine/no-password-login.ts';
import { noSecretInBootData } from './machine/no-secret-in-boot-data.ts';
import { noSecretInExtensions } from './machine/no-secret-in-extensions.ts';
import { trustedLaunch } from './machine/trusted-launch.ts';
import { hubClosedNetwork } from './messaging/hub-closed-network.ts';
import { hubRolesOnly } from './messaging/hub-roles-only.ts';
import { hubStrongTls } from './messaging/hub-strong-tls.ts';
import { mqttKnownClients } from './messaging/mqtt-known-clients.ts';
import { mqttOwnTopics } from './messaging/mqtt-own-topics.ts';
import { mqttStrongTls } from './messaging/mqtt-strong-tls.ts';
import { adminAddress } from './network/admin-address.ts';
import { flowLogs } from './network/flow-logs.ts';
import { guardedInterfaces } from './network/guarded-interfaces.ts';
import { ingressContract } from './network/ingress-contract.ts';
import { judgedOpenings } from './network/judged-openings.ts';
import { mergedRules } from './network/merged-rules.ts';
import { noIpForwarding } from './network/no-ip-forwarding.ts';
import { noIpv6Any } from './network/no-ipv6-any.ts';
import { publicAddress } from './network/public-address.ts';
import { readableRules } from './network/readable-rules.ts';
import { immutableBackups } from './production/immutable-backups.ts';
import { protectedDisks } from './production/protected-disks.ts';
import { proxmoxFirewall } from './proxmox/firewall.ts';
import { proxmoxKeysOnly } from './proxmox/keys-only.ts';
import { basicAddress } from './retirement/basic-address.ts';
import { firstBurstableMachines } from './retirement/first-burstable-machines.ts';
import { linuxConsumption } from './retirement/linux-consumption.ts';
import type { Rule } from './rule.ts';
import { generatedAndRun } from './secrets/generated-and-run.ts';
import { noSecretOutput } from './stack/no-secret-output.ts';
import { closedStorageNetwork } from './storage/closed-network.ts';
import { storageHttpsOnly } from './storage/https-only.ts';
import { noPublicBlobs } from './storage/no-public-blobs.ts';
import { noSharedKey } from './storage/no-shared-key.ts';
import { storageSoftDelete } from './storage/soft-delete.ts';
import { storageStrongTls } from './storage/strong-tls.ts';
import { closedVaultNetwork } from './vault/closed-network.ts';
import { datedSecrets } from './vault/dated-secrets.ts';
import { purgeProtection } from './vault/purge-protection.ts';
import { rolesOnly } from './vault/roles-only.ts';
import { softDelete } from './vault/soft-delete.ts';

/** Every rule about a program, in the order of the documentation. */
const PROGRAM_RULES: readonly Rule[] = [
  ingressContract,
  mergedRules,
  readableRules,
  adminAddress,
  noIpv6Any,
  guardedInterfaces,
  publicAddress,
  noIpForwarding,
  flowLogs,
  judgedOpenings,
  noPasswordLogin,
  noSecretInBootData,
  encryptedAtHost,
  trustedLaunch,
  managedIdentity,
  noSecretInExtensions,
  noDiskExport,
  purgeProtection,
  softDelete,
  rolesOnly,
  closedVaultNetwork,
  datedSecrets,
  leastPrivilege,
  httpsOnly,
  strongTls,
  noPublishingPasswords,
  secretsByReference,
  appIdentity,
  noOpenDoors,
  storageHttpsOnly,
  storageStrongTls,
  noPublicBlobs,
  noSharedKey,
  closedStorageNetwork,
  storageSoftDelete,
  hubRolesOnly,
  hubClosedNetwork,
  hubStrongTls,
  mqttStrongTls,
  mqttOwnTopics,
  mqttKnownClients,
  requiredTags,
  allowedPlacesAndSizes,
  budget,
  alerts,
  diagnostics,
  noSecretOutput,
  pagesAndRecords,
  generatedAndRun,
  protectedDisks,
  immutableBackups,
  basicAddress,
  firstBurstableMachines,
  linuxConsumption,
  proxmoxFirewall,
  proxmoxKeysOnly,
];

/** The exceptions in the pack's own file, which the program being judged cannot change. */
const exceptions = parseExceptions(
  readFileSync(new URL('exceptions.json', import.meta.url), 'utf8'),
  PROGRAM_RULES,
  new Date(),
);

/** Every rule of the pack. */
export const RULES: readonly Rule[] = [...PROGRAM_RULES, exceptionsInOrder(exceptions)];

/** The policies that @pulumi/policy serves. */
const inputs = new Inputs();
export const policies = RULES.map((rule) => definePolicy(rule, exceptions, inputs));
