// The outputs of a deployed environment, for people and for the commands of ops/. None of them is secret.
import { readFileSync } from 'node:fs';
import { interpolate } from '@pulumi/pulumi';
import type { BackupStore } from '../components/backup-store.ts';
import type { DashboardSite } from '../components/dashboard-site.ts';
import type { FunctionApp } from '../components/function-app.ts';
import type { Placement } from '../components/placement.ts';
import type { Vault } from '../components/vault.ts';
import { MQTT_TLS_PORT, webSocketPorts } from '../domain/ingress.ts';
import type { StackConfig } from './configuration/parse.ts';
import type { Endpoint } from './profiles/machine/endpoint.ts';
import type { Managed } from './profiles/managed/managed.ts';

/** The parts that the outputs describe. */
export interface OutputsArgs extends Pick<Endpoint, 'network' | 'brokerHost' | 'ownHosts' | 'brokerCa'> {
  config: StackConfig;
  placement: Placement;
  vault: Vault;
  functionApp: FunctionApp;
  dashboard: DashboardSite | undefined;
  backups: BackupStore | undefined;
  archive: BackupStore | undefined;
  managed: Managed | undefined;
}

/** The stack's outputs. The stack's own page, Pulumi.README.md, shows them. */
export function outputsOf(parts: OutputsArgs) {
  const { config, placement, network, brokerHost, ownHosts, brokerCa } = parts;
  const { vault, functionApp, dashboard, backups, archive, managed } = parts;
  return {
    environment: config.environment,
    resourceGroup: placement.resourceGroupName,
    portalUrl: interpolate`https://portal.azure.com/#resource${placement.resourceGroupId}`,
    brokerHost,
    brokerEndpoint: `mqtts://${brokerHost}:${MQTT_TLS_PORT}`,
    brokerWebSocketEndpoints: webSocketPorts(config).map((port) => `wss://${brokerHost}:${port}/mqtt`),
    brokerAddress: network.publicAddress,
    // For `ops failover`.
    ...(ownHosts &&
      network.standby && {
        brokerMachines: {
          primary: { host: ownHosts.primary, address: network.publicAddress },
          standby: { host: ownHosts.standby, address: network.standby.publicAddress },
        },
      }),
    // Null stands for an output without a value: Pulumi warns about an undefined one.
    brokerCaCertificate: brokerCa ?? null,
    dashboardAddress: dashboard?.address ?? null,
    functionAppName: functionApp.appName,
    vaultName: vault.vaultName,
    backupsUrl: backups?.url ?? null,
    // For the workflow that makes the backups.
    backupClientId: backups?.identity.clientId ?? null,
    archiveUrl: archive?.url ?? null,
    archiveClientId: archive?.identity.clientId ?? null,
    ...(managed && { managedMqttHost: managed.mqtt.mqttHost, managedMqttNamespaceId: managed.mqtt.namespaceId }),
    readme: readFileSync(new URL('../Pulumi.README.md', import.meta.url), 'utf8'),
  };
}
