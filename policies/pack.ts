// The pack's table of contents. Kept apart from index.js, which opens a server as soon as it is imported.
import { definePolicy, type Rule } from './define.ts';
import { httpsOnly } from './functions/https-only.ts';
import { secretsByReference } from './functions/secrets-by-reference.ts';
import { managedIdentity } from './machine/managed-identity.ts';
import { noPasswordLogin } from './machine/no-password-login.ts';
import { noSecretInBootData } from './machine/no-secret-in-boot-data.ts';
import { adminAddress } from './network/admin-address.ts';
import { guardedInterfaces } from './network/guarded-interfaces.ts';
import { ingressContract } from './network/ingress-contract.ts';
import { mergedRules } from './network/merged-rules.ts';
import { noIpv6Any } from './network/no-ipv6-any.ts';
import { readableRules } from './network/readable-rules.ts';
import { noSecretOutput } from './stack/no-secret-output.ts';
import { rolesOnly } from './vault/roles-only.ts';

/** Every rule, by its id in the catalogue. */
export const RULES: readonly Rule[] = [
  ingressContract,
  mergedRules,
  readableRules,
  adminAddress,
  noIpv6Any,
  guardedInterfaces,
  noPasswordLogin,
  noSecretInBootData,
  managedIdentity,
  rolesOnly,
  httpsOnly,
  secretsByReference,
  noSecretOutput,
];

/** What @pulumi/policy serves. */
export const policies = RULES.map(definePolicy);
