// FN-02: the app and its deployment site refuse TLS versions before 1.2.
import { at } from '../known.ts';
import { type Finding, REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { SITES } from './settings.ts';

const FROM_1_2: unknown[] = ['1.2', '1.3'];

export const strongTls: ResourceRule = {
  id: 'FN-02',
  name: 'function-app-strong-tls',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'siteConfig.minTlsVersion and siteConfig.scmMinTlsVersion are 1.2 or 1.3. The default depends on when the app was created.',
  reason: 'TLS 1.0 and 1.1 are deprecated (RFC 8996): an attacker in the middle can downgrade a client to them.',
  fix: 'set siteConfig.minTlsVersion: "1.2" and siteConfig.scmMinTlsVersion: "1.2"',
  sources: [
    'Microsoft Learn, "TLS/SSL overview for App Service" (https://learn.microsoft.com/azure/app-service/overview-tls)',
    'CIS Azure Foundations 3.0 9.4',
    'Checkov CKV_AZURE_15, CKV_AZURE_145',
    'Trivy AZU-0006',
  ],
  properties: { 'WebApp.siteConfig.minTlsVersion': REQUIRED, 'WebApp.siteConfig.scmMinTlsVersion': REQUIRED },
  types: SITES,
  remedy: { 'WebApp.siteConfig.minTlsVersion': '1.2', 'WebApp.siteConfig.scmMinTlsVersion': '1.2' },
  check: ({ urn, name, props }): Finding[] =>
    ['minTlsVersion', 'scmMinTlsVersion']
      .filter((key) => !FROM_1_2.includes(at(props, 'siteConfig', key)))
      .map((key) => {
        const property = `siteConfig.${key}`;
        const value = at(props, 'siteConfig', key);
        return violation({ urn, name }, property, value, `accepts TLS versions before 1.2 (${property})`);
      }),
};
