// FN-01: no plain HTTP.
import { REQUIRED, type ResourceRule } from '../rule.ts';
import { SITES } from './settings.ts';

export const httpsOnly: ResourceRule = {
  id: 'FN-01',
  name: 'function-app-https-only',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A web or function app and each of its slots sets httpsOnly to true. Absent counts as a violation, for Azure then answers plain HTTP; so does unknown.',
  reason: 'A function key or session cookie sent over plain HTTP can be read by everyone on the way.',
  fix: 'set httpsOnly: true',
  sources: [
    'Microsoft Learn, "TLS/SSL overview for App Service" (https://learn.microsoft.com/azure/app-service/overview-tls)',
    'CIS Azure Foundations 3.0 9.1',
    'Checkov CKV_AZURE_14, CKV_AZURE_70',
    'Trivy AZU-0004',
  ],
  properties: {
    'WebApp.httpsOnly': REQUIRED,
  },
  remedy: { 'WebApp.httpsOnly': true },
  types: SITES,
  check: ({ urn, name, props }) =>
    props.httpsOnly === true ? [] : [{ urn, message: `"${name}" does not surely redirect plain HTTP to HTTPS.` }],
};
