import { expect, it } from 'vitest';
import { isProduction } from '../../policies/environment.ts';
import { hasPurgeProtection } from './secrets.ts';

it.each(['dev', 'test', 'sandbox', 'staging', 'devel', 'prod'])(
  'the vault of %s has purge protection if the policy may ask for it',
  (stack) => {
    const vault = `urn:pulumi:${stack}::mqtt-saas::mqtt-saas:index:Vault$azure-native:keyvault:Vault::vault-vault`;
    expect(hasPurgeProtection(stack)).toBe(isProduction(vault, {}));
  },
);
