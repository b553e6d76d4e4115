// The broker's name in Cloudflare's DNS, and a token with which the machine proves that it owns the name (ACME, DNS-01).
import { AccountToken } from '@pulumi/cloudflare/accountToken.js';
import { DnsRecord } from '@pulumi/cloudflare/dnsRecord.js';
import { ComponentResource, type ComponentResourceOptions, type Input, interpolate, type Output } from '@pulumi/pulumi';

/**
 * Ids of permission groups by name. They are the same in every account.
 * Source: `GET /accounts/{id}/tokens/permission_groups` of Cloudflare's API.
 */
const PERMISSIONS = {
  'DNS Write': '4755a26eedb94da69e1066d98aa820be',
  /** Certbot's plugin looks the zone up by its name. */
  'Zone Read': 'c8fed203ed3043cba015a93ad1616f1f',
} as const;

/** Seconds. Low, because the address changes when a standby broker takes over. */
const TTL = 300;

/** Arguments of {@link BrokerDns}. */
export interface BrokerDnsArgs {
  /** Required. Environment; part of the token's name. */
  environment: string;
  /** Required. The broker's DNS name. */
  hostName: string;
  /** Required. The broker's public IPv4 address. */
  address: Input<string>;
  /** Required. Cloudflare's id of the name's zone. */
  zoneId: string;
  /** Required. Cloudflare's id of the zone's account. */
  accountId: string;
}

/** The broker's DNS record, and a token for its zone's records that works only from the broker's address. */
export class BrokerDns extends ComponentResource {
  /** The token. Secret. */
  readonly token: Output<string>;

  constructor(name: string, args: BrokerDnsArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:BrokerDns', name, {}, options);
    const { environment, hostName, address, zoneId, accountId } = args;

    new DnsRecord(
      `${name}-record`,
      {
        zoneId,
        name: hostName,
        type: 'A',
        content: address,
        ttl: TTL,
        // Cloudflare's proxy takes neither MQTT nor port 8883.
        proxied: false,
        comment: `MQTT broker (${environment})`,
      },
      { parent: this },
    );

    const token = new AccountToken(
      `${name}-token`,
      {
        accountId,
        name: `mqtt-saas-${environment} broker certificate`,
        policies: [
          {
            effect: 'allow',
            permissionGroups: Object.values(PERMISSIONS).map((id) => ({ id })),
            resources: JSON.stringify({ [`com.cloudflare.api.account.zone.${zoneId}`]: '*' }),
          },
        ],
        // The token is useless outside the machine.
        condition: { requestIp: { ins: [interpolate`${address}/32`] } },
      },
      { parent: this },
    );

    this.token = token.value;
    this.registerOutputs();
  }
}
