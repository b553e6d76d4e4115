// Renders the user data of a machine that runs the platform's containers: docs/on-premises.md. Pure: the same arguments, the same text.
import { readFileSync } from 'node:fs';
import { hostIngress } from '../../../domain/ingress.ts';
import { bare, entry, fill, hardening } from '../../machine/user-data.ts';
import { renderHostFirewall } from './firewall.ts';

/** Arguments of {@link renderHost}. All of them are fixed once the machine has booted. */
export interface HostArgs {
  /** Required. The platform's name, which is the machine's, too. */
  hostName: string;
  /** Required. The administrator's account. */
  adminUser: string;
  /** Required. The administrator's public key, one line in OpenSSH format. There is no password. */
  sshPublicKey: string;
  /** Required. Where sshd listens, 1024 to 65535 and none of the platform's own. */
  sshPort: number;
  /** Required. Addresses that may use SSH, CIDR. */
  adminCidrs: string[];
}

/** The first boot of these is the Azure machine's own: it survives a power cut. */
const LEFT_OUT = ['first-boot-apt.conf'];

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');

/** The `#cloud-config` text. @throws Error when an argument does not fit its place. */
export function renderHost({ hostName, adminUser, sshPublicKey, sshPort, adminCidrs }: HostArgs): string {
  return fill(bare(read('./cloud-init.tmpl.yaml')), {
    hostName: fitting('hostName', hostName, /^[a-z0-9.-]+$/),
    adminUser: fitting('adminUser', adminUser, /^[a-z][a-z0-9-]*$/),
    sshPublicKey: fitting('sshPublicKey', sshPublicKey, /^ssh-[\w-]+ [A-Za-z0-9+/=]+( [\w.@-]+)?$/),
    hardening: hardening(LEFT_OUT),
    own: own(sshPort)
      .map(([path, content]) => entry(path, content))
      .join(''),
    firstBoot: bare(read('./first-boot.sh')),
    firewall: renderHostFirewall(hostIngress({ adminCidrs, sshPort })),
  });
}

/** Files that differ from the broker machine's. */
const own = (sshPort: number): [path: string, content: string][] => [
  ['/etc/ssh/sshd_config.d/05-port.conf', `Port ${sshPort}\n`],
  // Without it, an address is banned from port 22 only.
  ['/etc/fail2ban/jail.d/10-port.local', `[sshd]\nport = ${sshPort}\n`],
  // After 60-mqtt-saas.conf, which forbids it: containers are reached by forwarding.
  ['/etc/sysctl.d/70-containers.conf', 'net.ipv4.ip_forward = 1\n'],
];

function fitting(what: string, value: string, pattern: RegExp): string {
  if (pattern.test(value)) return value;
  throw new Error(`${what} is ${JSON.stringify(value)}; it must match ${pattern}`);
}
