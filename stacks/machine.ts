// What the broker machine of an environment is told at its first boot.
import { DATA_DISK_LUN } from '../components/broker-machine.ts';
import type { IngressRule } from '../domain/ingress.ts';
import { renderMachine } from '../provisioning/machine/render.ts';

/** The machine's user data. @param bundlesUrl container it fetches its configuration from. */
export function userData(ingress: IngressRule[], bundlesUrl: string): string {
  return renderMachine({ ingress, bundlesUrl, dataDiskLun: DATA_DISK_LUN });
}
