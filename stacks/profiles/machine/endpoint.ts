// Where devices reach the broker: its network, its name, and its certificate authority.
import { BrokerDns } from '../../../components/broker-dns.ts';
import { Network } from '../../../components/network.ts';
import type { Placement } from '../../../components/placement.ts';
import { PrivateCa } from '../../../components/private-ca.ts';
import { ingressRules } from '../../../domain/ingress.ts';
import type { StackConfig } from '../../configuration/parse.ts';
import { NETWORK } from '../../names.ts';

/** Names that the two machines have always, whichever of them has the broker's name. */
const ownNames = (domain: string) => ({ primary: `mqtt-primary.${domain}`, standby: `mqtt-standby.${domain}` });

/** Makes the network and, with a domain, its DNS record; without one, a private CA. */
export function makeEndpoint(config: StackConfig, placement: Placement) {
  const ingress = ingressRules(config);
  const network = new Network(NETWORK, { ...config, placement, ingress, standby: config.standbyBroker });
  const brokerHost = config.domain ? `mqtt.${config.domain}` : network.hostName;
  const named = { environment: config.environment, hostName: brokerHost, address: network.publicAddress };
  const privateCa = config.domain ? undefined : new PrivateCa('private-ca', named);
  // With a domain, the schema requires both ids.
  const { cloudflareZoneId: zoneId = '', cloudflareAccountId: accountId = '' } = config;
  const ownHosts = config.standbyBroker && config.domain ? ownNames(config.domain) : undefined;
  const standby = network.standby &&
    ownHosts && { address: network.standby.publicAddress, ownNames: ownHosts, active: config.activeBroker };
  const dns = config.domain ? new BrokerDns('dns', { ...named, zoneId, accountId, standby }) : undefined;
  return {
    ingress,
    network,
    brokerHost,
    ownHosts,
    privateCa,
    brokerCa: privateCa?.caCertificate,
    dnsToken: dns?.token,
  };
}

/** What {@link makeEndpoint} makes. */
export type Endpoint = ReturnType<typeof makeEndpoint>;
