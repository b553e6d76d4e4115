// FN-04: app settings reference secrets and do not contain them.

import { UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type ResourceRule } from '../rule.ts';
import { secretsIn } from '../secrets/detectors.ts';
import { isSecretName } from '../secrets/names.ts';
import { SETTINGS_TYPES, type Setting, settingsOf } from './settings.ts';

/** `@Microsoft.KeyVault(SecretUri=...)` or `(VaultName=...;SecretName=...)` (Microsoft Learn, "Use Key Vault references"). */
const REFERENCE = /^@Microsoft\.KeyVault\(\s*(?:SecretUri=https:\/\/[^;)]+|(?=.*VaultName=)(?=.*SecretName=)[^)]+)\)$/i;
/** A database connection that uses the app's identity. */
const BY_IDENTITY = /\bAuthentication\s*=\s*"?Active Directory/i;

/** azure-native fills in defaults for `siteConfig` as a whole; one unknown value inside makes all of it unknown. */
const MAKE_KNOWN =
  'make every value inside siteConfig known during preview, because one unknown value makes all of them unknown, or move the settings to a WebAppApplicationSettings resource, where each is judged by itself';

/** What is wrong with a setting; undefined when nothing is. */
function judge({ name, value, isConnectionString }: Setting): string | undefined {
  const isSecret = isConnectionString || isSecretName(name);
  if (value === UNKNOWN) {
    return isSecret
      ? `Setting "${name}" is not known during preview, so it cannot be confirmed that it is a Key Vault reference.`
      : undefined;
  }
  if (typeof value !== 'string' || value === '' || REFERENCE.test(value.trim())) return undefined;
  const [kind] = secretsIn(value);
  if (kind !== undefined) return `Setting "${name}" contains ${kind}.`;
  if (isConnectionString && BY_IDENTITY.test(value)) return undefined;
  return isSecret ? `Setting "${name}" looks like a secret by its name and is not a Key Vault reference.` : undefined;
}

export const secretsByReference: ResourceRule = {
  id: 'FN-04',
  name: 'function-app-secrets-by-reference',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'Every app setting or connection string that is a secret by name or content is a Key Vault reference or uses a managed identity (AzureWebJobsStorage__accountName). A setting that is a secret by name must be known during preview; any other unknown value is judged once the update knows it.',
  reason:
    'Everyone who may read the app sees its settings in the portal, in exports and in the Pulumi state, and rotating a secret would need a deployment.',
  fix: 'store the secret in Key Vault and set "@Microsoft.KeyVault(VaultName=...;SecretName=...)" with names that are known during preview, or use the identity-based setting',
  sources: [
    'Microsoft Learn, "Use Key Vault references as app settings" (https://learn.microsoft.com/azure/app-service/app-service-key-vault-references)',
    'CIS Azure Foundations 3.0 9.11',
  ],
  properties: {
    'WebApp.siteConfig.appSettings': DEFAULT_IS_SAFE,
    'WebApp.siteConfig.appSettings[].value': DEFAULT_IS_SAFE,
    'WebAppApplicationSettings.properties': DEFAULT_IS_SAFE,
    'WebAppConnectionStrings.properties': DEFAULT_IS_SAFE,
  },
  remedy: 'a secret that was exposed must be replaced and stored in Key Vault, not moved',
  types: SETTINGS_TYPES,
  check(resource) {
    const { urn, name } = resource;
    const settings = settingsOf(resource);
    if (settings === undefined) {
      return [{ urn, message: `The settings of "${name}" are not known during preview.`, fix: MAKE_KNOWN }];
    }
    return settings.map(judge).flatMap((message) => (message === undefined ? [] : [{ urn, message }]));
  },
};
