// FN-04: an app setting points to a secret, it does not contain one.

import { UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type ResourceRule } from '../rule.ts';
import { secretsIn } from '../secrets/detectors.ts';
import { isSecretName } from '../secrets/names.ts';
import { SETTINGS_TYPES, type Setting, settingsOf } from './settings.ts';

/** `@Microsoft.KeyVault(SecretUri=...)` or `(VaultName=...;SecretName=...)` (Microsoft Learn, "Use Key Vault references"). */
const REFERENCE = /^@Microsoft\.KeyVault\(\s*(?:SecretUri=https:\/\/[^;)]+|(?=.*VaultName=)(?=.*SecretName=)[^)]+)\)$/i;
/** A database connection that signs in with the app's identity. */
const BY_IDENTITY = /\bAuthentication\s*=\s*"?Active Directory/i;

/** azure-native fills in defaults for the whole of `siteConfig` at once, which one unknown value inside prevents. */
const MAKE_KNOWN =
  'make every value inside siteConfig known, for one that is not hides them all, or move the settings to a WebAppApplicationSettings resource, where each stands for itself';

/** What is wrong with a setting; undefined when nothing is. */
function judge({ name, value, isConnectionString }: Setting): string | undefined {
  const isSecret = isConnectionString || isSecretName(name);
  if (value === UNKNOWN) {
    return isSecret
      ? `Setting "${name}" is not known during preview, so nobody can tell that it is a Key Vault reference.`
      : undefined;
  }
  if (typeof value !== 'string' || value === '' || REFERENCE.test(value.trim())) return undefined;
  const [kind] = secretsIn(value);
  if (kind !== undefined) return `Setting "${name}" holds ${kind}.`;
  if (isConnectionString && BY_IDENTITY.test(value)) return undefined;
  return isSecret ? `Setting "${name}" is a secret by its name and no Key Vault reference.` : undefined;
}

export const secretsByReference: ResourceRule = {
  id: 'FN-04',
  name: 'function-app-secrets-by-reference',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'Every app setting or connection string that is a secret by name or content is a Key Vault reference or signs in by identity (AzureWebJobsStorage__accountName). A secret-named setting unknown in the preview is a violation; another unknown value is judged when the update knows it.',
  reason:
    'App settings are shown in the portal, in exports and in the Pulumi state to everyone who may read the app, and a rotated secret would need a new deployment.',
  fix: 'store the secret in Key Vault and set "@Microsoft.KeyVault(VaultName=...;SecretName=...)" with names the preview knows, or use the identity-based setting',
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
  remedy: 'a secret that was written there must be changed and stored, not moved',
  types: SETTINGS_TYPES,
  check(resource) {
    const { urn, name } = resource;
    const settings = settingsOf(resource);
    if (settings === undefined) {
      return [{ urn, message: `It is not known during preview which settings "${name}" has.`, fix: MAKE_KNOWN }];
    }
    return settings.map(judge).flatMap((message) => (message === undefined ? [] : [{ urn, message }]));
  },
};
