// What the broker machine of an environment is told at its first boot.

import { DATA_DISK_LUN } from '../components/broker-machine.ts';
import type { Vault } from '../components/vault.ts';
import { type IngressRule, MQTT_TLS_PORT } from '../domain/ingress.ts';
import { renderBrokerConfig } from '../provisioning/broker/config.ts';
import { PATHS, renderMachine, SECRET_FILES } from '../provisioning/machine/render.ts';
import { SECRETS } from './secrets.ts';

/** The machine's user data. */
export function userData(ingress: IngressRule[], vault: Vault): string {
  const { ingestPassword, certificate, key, ca } = SECRETS;
  return renderMachine({
    ingress,
    brokerConfig: renderBrokerConfig({
      listenAddress: '0.0.0.0',
      port: MQTT_TLS_PORT,
      certificateFile: `${PATHS.secrets}/${SECRET_FILES.certificate}`,
      keyFile: `${PATHS.secrets}/${SECRET_FILES.key}`,
      passwordFile: `${PATHS.accounts}/passwords`,
      aclFile: `${PATHS.accounts}/acl`,
      persistenceDir: PATHS.state,
    }),
    vaultUri: vault.uri,
    secretNames: vault.has(certificate) ? { ingestPassword, certificate, key, ca } : { ingestPassword },
    dataDiskLun: DATA_DISK_LUN,
  });
}
