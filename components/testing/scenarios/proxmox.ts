// Scenarios of the machine on premises.
import { hostIngress } from '../../../domain/ingress.ts';
import { ProxmoxMachine, type ProxmoxMachineArgs } from '../../proxmox-machine.ts';
import type { Scenarios } from './scenario.ts';

const MACHINE: ProxmoxMachineArgs = {
  nodeName: 'pve',
  hostName: 'platform.example.com',
  address: '203.0.113.4/24',
  gateway: '203.0.113.1',
  dnsServers: ['203.0.113.1'],
  bridge: 'vmbr0',
  cores: 2,
  memoryMb: 4096,
  diskGb: 40,
  datastore: 'local-lvm',
  fileStore: 'local',
  imageUrl: 'https://cloud.debian.org/images/cloud/trixie/20261101-1234/debian-13-generic-amd64-20261101-1234.qcow2',
  imageSha512: 'ab'.repeat(64),
  userData: '#cloud-config\nssh_pwauth: false\n',
  firstBoot: 'ssh-2222',
  ingress: hostIngress({ adminCidrs: ['198.51.100.10/32'], sshPort: 2222 }),
};

export const proxmoxMachine: Scenarios<ProxmoxMachine> = {
  defaults: ({ name }) => new ProxmoxMachine(name('host'), MACHINE),
  max: ({ name }) => new ProxmoxMachine(name('host'), { ...MACHINE, cores: 16, memoryMb: 65_536, diskGb: 2000 }),
  hardened: ({ name }) =>
    new ProxmoxMachine(name('host'), {
      ...MACHINE,
      ingress: hostIngress({ adminCidrs: ['198.51.100.10/32'], sshPort: 2222 }).filter(({ port }) => port !== 80),
    }),
};
