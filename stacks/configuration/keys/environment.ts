// An environment's location, names, domain, network and machine.
import ipaddr from 'ipaddr.js';
import { VM_SIZES, type VmSizeName } from '../../../components/vm-sizes.ts';
import { LETS_ENCRYPT } from '../../../provisioning/machine/bundle/settings.ts';
import { adminAddress } from '../admin-address.ts';
import { flag, hostName, listOf, mailbox, oneOf, privateRange, text, wholeNumber } from '../fields.ts';
import { REGIONS } from '../regions.ts';
import { sshPublicKey } from '../ssh-key.ts';
import { key } from './key.ts';

/** The highest tag value Azure accepts. */
const TAG_LENGTH = 256;

const tagValue = text.max(TAG_LENGTH, `is longer than ${TAG_LENGTH} characters`);

const cloudflareId = text.regex(/^[0-9a-f]{32}$/, 'is not a Cloudflare id: 32 of 0-9 and a-f');

const acmeDirectory = text.regex(/^https:\/\/[\w.-]+(:\d+)?(\/[\w./-]*)?$/, 'is not an https address');

/** The keys, each with its rule, default and description. */
export const environmentKeys = {
  adminCidrs: key(
    listOf(adminAddress).refine((cidrs) => cidrs.some((cidr) => ipaddr.parseCIDR(cidr)[0].kind() === 'ipv4'), {
      error: 'has no IPv4 address: the machine has only an IPv4 address, so SSH would be unreachable',
    }),
    {
      description:
        'Addresses that may use SSH. Each is one public address: `/32`, or `/128` for IPv6. At least one is IPv4.',
      example: '203.0.113.10/32',
    },
  ),
  sshPublicKey: key(sshPublicKey, {
    description:
      'Public key of the administrator, one line in OpenSSH format: `ssh-ed25519`, or `ssh-rsa` of at least 2048 bits.',
    example: '"$(cat ~/.ssh/id_ed25519.pub)"',
  }),
  location: key(oneOf(REGIONS), {
    description: 'Azure region. It decides where telemetry is processed, so there is no default.',
    example: 'northeurope',
  }),
  owner: key(tagValue, {
    description: 'Tag `owner` of every resource: the team or mailbox that is responsible for the environment.',
    example: 'platform@example.com',
  }),
  costCenter: key(tagValue, {
    description: 'Tag `costCenter` of every resource: who pays.',
    example: 'iot-0001',
  }),
  nameSuffix: key(text.regex(/^[a-z0-9]{3,6}$/, 'is not 3 to 6 of a-z and 0-9'), {
    description:
      'Last part of the names that must be unique in all of Azure (vault, storage account, Function App, host name): 3 to 6 of a-z and 0-9. Never change it. A deleted vault keeps its name until it is purged.',
    example: '"$(openssl rand -hex 3)"',
  }),
  domain: key(hostName.optional(), {
    description:
      'Domain of the environment. The broker is `mqtt.<domain>` with a public (ACME) certificate. Required in `prod`; without a domain, a private CA is made.',
    example: 'telemetry.example.com',
  }),
  standbyBroker: key(flag.default(false), {
    description:
      'A second broker machine, with its own disk and address, to which `npm run ops -- failover` moves the broker’s name. Needs a `domain`; `npm run ops -- cost` shows its price.',
    example: 'true',
  }),
  activeBroker: key(oneOf(['primary', 'standby']).default('primary'), {
    description:
      'The broker machine that the broker’s name leads to. Written by `npm run ops -- failover`, not by hand.',
    example: 'standby',
  }),
  cloudflareZoneId: key(cloudflareId.optional(), {
    description: 'Id of the Cloudflare zone of `domain`; the zone’s overview page shows it. Required with `domain`.',
    example: '0123456789abcdef0123456789abcdef',
  }),
  cloudflareAccountId: key(cloudflareId.optional(), {
    description:
      'Id of the Cloudflare account of the zone and the dashboard; the same page shows it. Required with either.',
    example: 'fedcba9876543210fedcba9876543210',
  }),
  acmeDirectory: key(acmeDirectory.default(LETS_ENCRYPT), {
    description: 'Directory of the ACME server that issues the broker’s certificate if there is a `domain`.',
    example: 'https://acme-staging-v02.api.letsencrypt.org/directory',
  }),
  acmeEmail: key(mailbox.optional(), {
    description: 'Mailbox that the ACME server may write to. Default: the ACME account has none.',
    example: 'platform@example.com',
  }),
  vmSize: key(oneOf(Object.keys(VM_SIZES) as [VmSizeName, ...VmSizeName[]]).default('Standard_B1s'), {
    description:
      'Size of the broker machine. `Standard_B1s` is retired on 2028-11-15; `Standard_B2ts_v2` is its successor.',
    example: 'Standard_B2ts_v2',
  }),
  ubuntuPro: key(flag.default(false), {
    description:
      'Attach the broker machine to Ubuntu Pro, with the token that is set by hand as the vault’s secret `ubuntu-pro-token`: security updates for Ubuntu’s universe too, which has Mosquitto, certbot and fail2ban. Free for five machines of a person; 500 USD a server and year otherwise.',
    example: 'true',
  }),
  dataDiskGb: key(wholeNumber(4, 1024).default(8), {
    description: 'Size of the disk for sessions and queues, GiB, 4 to 1024. It can grow, never shrink.',
    example: '8',
  }),
  encryptionAtHost: key(flag.default(true), {
    description:
      'Encrypt the host’s disk caches, too. Free, but the subscription needs the feature: `az feature register --namespace Microsoft.Compute --name EncryptionAtHost`. The policy `vm-encrypted-disks` refuses `false` unless [an exception](policies.md#without-encryption-at-host) gives a reason and an end date.',
    example: 'true',
  }),
  addressSpace: key(privateRange(8, 28).default('10.20.0.0/24'), {
    description: 'Private IPv4 range of the virtual network, `/8` to `/28`.',
    example: '10.20.0.0/24',
  }),
  subnetPrefix: key(privateRange(8, 29).default('10.20.0.0/28'), {
    description: 'Private IPv4 range of the broker’s subnet, inside `addressSpace`, `/29` or larger.',
    example: '10.20.0.0/28',
  }),
  webSocket: key(flag.default(false), {
    description: 'Serve MQTT over WebSocket with TLS on port 9001, too.',
    example: 'true',
  }),
  https: key(flag.default(false), {
    description: 'Serve MQTT over WebSocket with TLS on port 443, too: for sites that allow outgoing HTTPS only.',
    example: 'true',
  }),
  iotHub: key(flag.default(false), {
    description:
      'Make an IoT Hub of the free tier, too: one per subscription, 8,000 messages a day. The platform does not read it.',
    example: 'true',
  }),
  vaultRetentionDays: key(wholeNumber(7, 90).default(90), {
    description: 'Days for which Key Vault keeps deleted secrets, 7 to 90. Fixed once the vault exists.',
    example: '90',
  }),
};
