// The host under test: what a stack of the Proxmox profile decides, without the administrator's key.
import { ADDRESSES } from '../world.ts';

export const HOST = {
  hostName: 'platform.example.test',
  adminUser: 'platform',
  sshPort: 2222,
  adminCidrs: [`${ADDRESSES.admin.v4}/32`, `${ADDRESSES.admin.v6}/128`],
};
