// For tests: every rule's row.
import { FUNCTION_SPECIMENS } from '../functions/specimens.ts';
import { GOVERNANCE_SPECIMENS } from '../governance/specimens.ts';
import { MACHINE_SPECIMENS } from '../machine/specimens.ts';
import { MESSAGING_SPECIMENS } from '../messaging/specimens.ts';
import { NETWORK_SPECIMENS } from '../network/specimens.ts';
import { PROXMOX_SPECIMENS } from '../proxmox/specimens.ts';
import { SECRET_SPECIMENS } from '../secrets/specimens.ts';
import { STORAGE_SPECIMENS } from '../storage/specimens.ts';
import { VAULT_SPECIMENS } from '../vault/specimens.ts';
import type { Specimen } from './specimen.ts';

export const SPECIMENS: Specimen[] = [
  ...NETWORK_SPECIMENS,
  ...MACHINE_SPECIMENS,
  ...VAULT_SPECIMENS,
  ...FUNCTION_SPECIMENS,
  ...STORAGE_SPECIMENS,
  ...MESSAGING_SPECIMENS,
  ...GOVERNANCE_SPECIMENS,
  ...SECRET_SPECIMENS,
  ...PROXMOX_SPECIMENS,
];
