// FN-01: apps redirect plain HTTP to HTTPS.
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { SITES } from './settings.ts';

export const httpsOnly: ResourceRule = {
  id: 'FN-01',
  name: 'function-app-https-only',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A web or function app and each of its slots sets httpsOnly to true. An absent value is a violation because Azure then answers plain HTTP; so is an unknown one.',
  reason: 'A function key or session cookie sent over plain HTTP can be read in transit.',
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
    props.httpsOnly === true ? [] : [violation({ urn, name }, 'httpsOnly', props.httpsOnly, 'accepts plain HTTP')],
};
