// A machine of a Proxmox host for the platform in containers, ready for the quick start of docs/on-premises.md.
import { ProxmoxMachine } from '../../../components/proxmox-machine.ts';
import { hostIngress } from '../../../domain/ingress.ts';
import { renderHost } from '../../../provisioning/compose/host/render.ts';
import { loadProxmox } from '../../configuration/proxmox.ts';

const config = loadProxmox();
new ProxmoxMachine('host', {
  ...config,
  userData: renderHost(config),
  firstBoot: `ssh-${config.sshPort}`,
  ingress: hostIngress(config),
});

/** The command that signs in. */
export const ssh = `ssh -p ${config.sshPort} ${config.adminUser}@${config.hostName}`;
