// Each rule about the Function App: accepts a correct app and finds each wrong property.
import { describe, expect, test } from 'vitest';
import { messagesOf, UNKNOWN_TEXT, withProperty } from '../testing/plan.ts';
import { httpsOnly } from './https-only.ts';
import { secretsByReference } from './secrets-by-reference.ts';

const REFERENCE = '@Microsoft.KeyVault(VaultName=kv-example;SecretName=ingest-password)';
const APP = {
  httpsOnly: true,
  siteConfig: {
    appSettings: [
      { name: 'AzureWebJobsStorage__accountName', value: 'stexample' },
      { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' },
      { name: 'AzureWebJobsStorage__clientId', value: UNKNOWN_TEXT },
      { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: UNKNOWN_TEXT },
      { name: 'MQTT_BROKER_URL', value: UNKNOWN_TEXT },
      { name: 'MQTT_BROKER_PASSWORD', value: REFERENCE },
      {
        name: 'EXTERNAL_DATABASE_CONNECTION_STRING',
        value: '@microsoft.keyvault(SecretUri=https://kv-example.vault.azure.net/secrets/url)',
      },
    ],
    connectionStrings: [
      {
        name: 'sql',
        connectionString: 'Server=tcp:x;Authentication=Active Directory Managed Identity',
        type: 'SQLAzure',
      },
    ],
  },
};

describe('function-app-https-only', () => {
  test('httpsOnly true is fine, for a slot too', () => {
    expect(messagesOf(httpsOnly, APP)).toEqual([]);
    expect(messagesOf(httpsOnly, APP, 'azure-native:web:WebAppSlot')).toEqual([]);
  });
  test.each([[false], [undefined], [null], ['true'], [UNKNOWN_TEXT]])('httpsOnly %s is not', (value) => {
    expect(messagesOf(httpsOnly, withProperty(APP, 'httpsOnly', value))).toHaveLength(1);
  });
});

describe('function-app-secrets-by-reference', () => {
  const SETTINGS = 'azure-native:web:WebAppApplicationSettings';
  const CONNECTIONS = 'azure-native:web:WebAppConnectionStringsSlot';

  test('references, identities and harmless values are fine', () => {
    expect(messagesOf(secretsByReference, APP)).toEqual([]);
    expect(messagesOf(secretsByReference, {})).toEqual([]);
    expect(
      messagesOf(secretsByReference, { properties: { MQTT_BROKER_PASSWORD: REFERENCE, LOG_LEVEL: 'info' } }, SETTINGS),
    ).toEqual([]);
    expect(
      messagesOf(secretsByReference, { properties: { db: { value: REFERENCE, type: 'Custom' } } }, CONNECTIONS),
    ).toEqual([]);
  });
  test.each([
    ['siteConfig.appSettings.5.value', 'Tr0ub4dor'],
    ['siteConfig.appSettings.5.value', UNKNOWN_TEXT],
    ['siteConfig.appSettings.5.value', '@Microsoft.KeyVault()'],
    ['siteConfig.appSettings.5.value', `${REFERENCE} Tr0ub4dor`],
    ['siteConfig.appSettings.4.value', 'mqtts://ingest:Tr0ub4dor@broker:8883'],
    ['siteConfig.appSettings.0.name', 'AzureWebJobsStorage'],
    ['siteConfig.appSettings.0.name', UNKNOWN_TEXT],
    ['siteConfig.appSettings', UNKNOWN_TEXT],
    ['siteConfig', UNKNOWN_TEXT],
    ['siteConfig.connectionStrings.0.connectionString', 'Server=tcp:x'],
    ['siteConfig.connectionStrings.0.connectionString', 'Authentication=Active Directory Password;Password=Tr0ub4dor'],
    ['siteConfig.connectionStrings.0.connectionString', UNKNOWN_TEXT],
  ])('%s = %s is not', (path, value) => {
    const messages = messagesOf(secretsByReference, withProperty(APP, path, value));
    expect(messages).toHaveLength(1);
    expect(messages.join()).not.toContain('Tr0ub4dor');
  });
  test.each([
    [SETTINGS, { properties: { MQTT_BROKER_PASSWORD: 'Tr0ub4dor' } }],
    ['azure-native:web:WebAppApplicationSettingsSlot', { properties: UNKNOWN_TEXT }],
    [CONNECTIONS, { properties: { db: { value: 'Tr0ub4dor', type: 'Custom' } } }],
    ['azure-native:web:WebAppConnectionStrings', { properties: { db: UNKNOWN_TEXT } }],
    ['azure-native:web:WebAppSlot', { siteConfig: { appSettings: [{ name: 'API_KEY', value: 'Tr0ub4dor' }] } }],
  ])('nor is it in %s', (type, props) => {
    expect(messagesOf(secretsByReference, props, type)).toHaveLength(1);
  });
});
