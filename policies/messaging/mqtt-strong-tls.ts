// MSG-04: a managed broker refuses TLS versions before 1.2.
import type { Known } from '../known.ts';
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { EVENT_GRID_NAMESPACE } from '../types.ts';

const FROM_1_2: Known[] = ['1.2', '1.3'];

export const mqttStrongTls: ResourceRule = {
  id: 'MSG-04',
  name: 'messaging-mqtt-strong-tls',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand: 'An Event Grid namespace sets minimumTlsVersionAllowed to 1.2 or 1.3.',
  reason: 'TLS 1.0 and 1.1 are deprecated (RFC 8996): an attacker in the middle can downgrade a client to them.',
  fix: 'set minimumTlsVersionAllowed: "1.2"',
  sources: [
    'Microsoft Learn, "Configure a minimum required version of TLS for Event Grid" (https://learn.microsoft.com/azure/event-grid/transport-layer-security-configure-minimum-version)',
  ],
  properties: { 'Namespace.minimumTlsVersionAllowed': REQUIRED },
  types: [EVENT_GRID_NAMESPACE],
  remedy: { 'Namespace.minimumTlsVersionAllowed': '1.2' },
  check: ({ urn, name, props }) =>
    FROM_1_2.includes(props.minimumTlsVersionAllowed)
      ? []
      : [
          violation(
            { urn, name },
            'minimumTlsVersionAllowed',
            props.minimumTlsVersionAllowed,
            'accepts TLS versions before 1.2',
          ),
        ],
};
