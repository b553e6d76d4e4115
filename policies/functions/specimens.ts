// For tests: the row of every rule about the Function App and its plan.
import { linuxConsumption } from '../retirement/linux-consumption.ts';
import { resource, UNKNOWN_TEXT, urnOf } from '../testing/plan.ts';
import type { Specimen } from '../testing/specimen.ts';
import { APP_SERVICE_PLAN, FTP_ALLOWED, SCM_ALLOWED, WEB_APP, WEB_APP_SLOT } from '../types.ts';
import { httpsOnly } from './https-only.ts';
import { appIdentity } from './managed-identity.ts';
import { noOpenDoors } from './no-open-doors.ts';
import { noPublishingPasswords } from './no-publishing-passwords.ts';
import { secretsByReference } from './secrets-by-reference.ts';
import { strongTls } from './strong-tls.ts';

const REFERENCE = '@Microsoft.KeyVault(VaultName=kv-example;SecretName=ingest-password)';
const ID = '/subscriptions/0/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/functions';
const app = resource(WEB_APP, 'app', {
  httpsOnly: true,
  identity: { type: 'UserAssigned', userAssignedIdentities: [ID] },
  keyVaultReferenceIdentity: ID,
  siteConfig: {
    appSettings: [{ name: 'MQTT_BROKER_PASSWORD', value: REFERENCE }],
    cors: { allowedOrigins: ['https://telemetry.example.com'] },
    ftpsState: 'Disabled',
    minTlsVersion: '1.2',
    scmMinTlsVersion: '1.2',
  },
});
const slots = { likewise: { [WEB_APP]: [WEB_APP_SLOT] } };
const closed = (type: string) =>
  resource(
    type,
    type === FTP_ALLOWED ? 'no-ftp' : 'no-scm',
    { allow: false, name: UNKNOWN_TEXT },
    { name: [urnOf(WEB_APP, 'app')] },
  );

export const FUNCTION_SPECIMENS: Specimen[] = [
  { rule: httpsOnly, plan: [app], broken: { 'WebApp.httpsOnly': [false, 'true'] }, ...slots },
  {
    rule: strongTls,
    plan: [app],
    broken: { 'WebApp.siteConfig.minTlsVersion': ['1.0', '1.1'], 'WebApp.siteConfig.scmMinTlsVersion': ['1.1'] },
    fine: { 'WebApp.siteConfig.minTlsVersion': ['1.3'] },
    ...slots,
  },
  {
    rule: noPublishingPasswords,
    plan: [app, closed(FTP_ALLOWED), closed(SCM_ALLOWED)],
    needs: [FTP_ALLOWED, SCM_ALLOWED],
    broken: {
      'WebApp.siteConfig.ftpsState': ['AllAllowed', 'FtpsOnly'],
      'WebAppFtpAllowed.allow': [true],
      'WebAppScmAllowed.allow': [true],
    },
  },
  {
    rule: secretsByReference,
    plan: [
      app,
      resource('azure-native:web:WebAppApplicationSettings', 'settings', { properties: { LOG_LEVEL: 'info' } }),
      resource('azure-native:web:WebAppConnectionStrings', 'strings', { properties: {} }),
    ],
    broken: {
      'WebApp.siteConfig.appSettings': [[{ name: 'API_KEY', value: 'Tr0ub4dor' }]],
      'WebApp.siteConfig.appSettings[].value': ['Tr0ub4dor', 'mqtts://ingest:Tr0ub4dor@broker:8883'],
      'WebAppApplicationSettings.properties': [{ MQTT_BROKER_PASSWORD: 'Tr0ub4dor' }],
      'WebAppConnectionStrings.properties': [{ db: { value: 'Tr0ub4dor', type: 'Custom' } }],
    },
    ...slots,
  },
  {
    rule: appIdentity,
    plan: [app],
    broken: {
      'WebApp.identity': [{ type: 'None' }, { type: 'UserAssigned' }, { type: 'SystemAssigned' }],
      'WebApp.keyVaultReferenceIdentity': ['SystemAssigned', `${ID}-of-another`],
    },
    fine: { 'WebApp.keyVaultReferenceIdentity': [ID.toUpperCase()] },
    ...slots,
  },
  {
    rule: noOpenDoors,
    plan: [app],
    broken: {
      'WebApp.siteConfig.cors.allowedOrigins': [['*'], ['https://telemetry.example.com', '*'], [UNKNOWN_TEXT]],
      'WebApp.siteConfig.remoteDebuggingEnabled': [true],
    },
    fine: { 'WebApp.siteConfig.remoteDebuggingEnabled': [false] },
    ...slots,
  },
  {
    rule: linuxConsumption,
    plan: [resource(APP_SERVICE_PLAN, 'plan', { reserved: true, sku: { name: 'FC1', tier: 'FlexConsumption' } })],
    broken: { 'AppServicePlan.sku.name': ['Y1'], 'AppServicePlan.sku.tier': ['Dynamic'] },
  },
];
