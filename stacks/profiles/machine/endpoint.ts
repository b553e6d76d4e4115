// Where devices reach the broker: its network, its name, and its certificate authority.
import { BrokerDns } from '../../../components/broker-dns.ts';
import { Network } from '../../../components/network.ts';
import type { Placement } from '../../../components/placement.ts';
import { PrivateCa } from '../../../components/private-ca.ts';
import { ingressRules } from '../../../domain/ingress.ts';
import type { StackConfig } from '../../configuration/parse.ts';
import { NETWORK } from '../../names.ts';

/** Makes the network and, with a domain, its DNS record; without one, a private CA. */
export function makeEndpoint(config: StackConfig, placement: Placement) {
  const ingress = ingressRules(config);
  const network = new Network(NETWORK, { ...config, placement, ingress });
  const brokerHost = config.domain ? `mqtt.${config.domain}` : network.hostName;
  const named = { environment: config.environment, hostName: brokerHost, address: network.publicAddress };
  const privateCa = config.domain ? undefined : new PrivateCa('private-ca', named);
  // With a domain, the schema requires both ids.
  const { cloudflareZoneId: zoneId = '', cloudflareAccountId: accountId = '' } = config;
  const dns = config.domain ? new BrokerDns('dns', { ...named, zoneId, accountId }) : undefined;
  return { ingress, network, brokerHost, privateCa, brokerCa: privateCa?.caCertificate, dnsToken: dns?.token };
}

/** What {@link makeEndpoint} makes. */
export type Endpoint = ReturnType<typeof makeEndpoint>;
