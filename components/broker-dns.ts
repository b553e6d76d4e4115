// The broker's names in Cloudflare's DNS, and a token with which the machine proves that it owns the name (ACME, DNS-01).
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

/** Seconds. */
const TTL = 300;
/** Seconds. Where a standby can take over: the least that Cloudflare takes outside of its Enterprise plan ("Time to Live (TTL)"). */
const STANDBY_TTL = 60;

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
  /** Optional. The standby beside the broker. Default: none. */
  standby?: StandbyDns | undefined;
}

/** Two machines, one of which has the broker's name. */
export interface StandbyDns {
  /** Required. The standby's public IPv4 address. */
  address: Input<string>;
  /** Required. Names that each machine has always: ingest drains both. */
  ownNames: Record<'primary' | 'standby', string>;
  /** Required. The one that the broker's name leads to. */
  active: 'primary' | 'standby';
}

/** The broker's DNS record, and a token for its zone's records that works only from the machines' addresses. */
export class BrokerDns extends ComponentResource {
  /** The token. Secret. */
  readonly token: Output<string>;

  constructor(name: string, args: BrokerDnsArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:BrokerDns', name, {}, options);
    const { environment, hostName, address, zoneId, accountId, standby } = args;
    const addresses = standby ? { primary: address, standby: standby.address } : { primary: address };
    const own = Object.entries(standby?.ownNames ?? {}) as [keyof StandbyDns['ownNames'], string][];
    for (const [role, ownName] of own) {
      const comment = `MQTT broker, ${role} (${environment})`;
      const content = addresses[role] ?? address;
      new DnsRecord(
        `${name}-${role}-record`,
        { zoneId, name: ownName, type: 'A', content, ttl: TTL, proxied: false, comment },
        { parent: this },
      );
    }

    new DnsRecord(
      `${name}-record`,
      {
        zoneId,
        name: hostName,
        type: 'A',
        content: standby?.active === 'standby' ? standby.address : address,
        ttl: standby ? STANDBY_TTL : TTL,
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
        // The token is useless outside the machines.
        condition: { requestIp: { ins: Object.values(addresses).map((each) => interpolate`${each}/32`) } },
      },
      { parent: this },
    );

    this.token = token.value;
    this.registerOutputs();
  }
}
