// MSG-06: a client of a managed broker is known by a certificate that an authority signed for it.
import { at, type Known } from '../known.ts';
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { MQTT_CLIENT } from '../types.ts';

const SIGNED: Known[] = ['Subject', 'Dns', 'Uri', 'Ip', 'Email'].map((field) => `${field}MatchesAuthenticationName`);

export const mqttKnownClients: ResourceRule = {
  id: 'MSG-06',
  name: 'messaging-mqtt-known-clients',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A client of an Event Grid namespace is known by a field of its certificate (clientCertificateAuthentication.validationScheme), not by a thumbprint.',
  reason:
    'Several clients may have the same thumbprint, and a self-signed certificate has no end that anybody else decides.',
  fix: 'set clientCertificateAuthentication: { validationScheme: "SubjectMatchesAuthenticationName" }',
  sources: [
    'Microsoft Learn, "MQTT clients" (https://learn.microsoft.com/azure/event-grid/mqtt-clients)',
    'Microsoft Learn, "MQTT client authentication using certificates" (https://learn.microsoft.com/azure/event-grid/mqtt-client-certificate-authentication)',
  ],
  properties: { 'Client.clientCertificateAuthentication.validationScheme': REQUIRED },
  types: [MQTT_CLIENT],
  remedy: 'only its owner knows which certificate a client has',
  check({ urn, name, props }) {
    const scheme = at(props, 'clientCertificateAuthentication', 'validationScheme');
    if (SIGNED.includes(scheme)) return [];
    const property = 'clientCertificateAuthentication.validationScheme';
    return [violation({ urn, name }, property, scheme, 'is not known by a certificate that an authority signed')];
  },
};
