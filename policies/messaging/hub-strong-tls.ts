// MSG-03: a stream refuses TLS versions before 1.2.
import type { Known } from '../known.ts';
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { EVENT_HUBS_NAMESPACE } from '../types.ts';

const FROM_1_2: Known[] = ['1.2', '1.3'];

export const hubStrongTls: ResourceRule = {
  id: 'MSG-03',
  name: 'messaging-hub-strong-tls',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand: 'An Event Hubs namespace sets minimumTlsVersion to 1.2 or 1.3.',
  reason: 'TLS 1.0 and 1.1 are deprecated (RFC 8996): an attacker in the middle can downgrade a client to them.',
  fix: 'set minimumTlsVersion: "1.2"',
  sources: [
    'Microsoft Learn, "Enforce a minimum required version of TLS for Event Hubs" (https://learn.microsoft.com/azure/event-hubs/transport-layer-security-enforce-minimum-version)',
    'Checkov CKV_AZURE_223',
  ],
  properties: { 'Namespace.minimumTlsVersion': REQUIRED },
  types: [EVENT_HUBS_NAMESPACE],
  remedy: { 'Namespace.minimumTlsVersion': '1.2' },
  check: ({ urn, name, props }) =>
    FROM_1_2.includes(props.minimumTlsVersion)
      ? []
      : [violation({ urn, name }, 'minimumTlsVersion', props.minimumTlsVersion, 'accepts TLS versions before 1.2')],
};
