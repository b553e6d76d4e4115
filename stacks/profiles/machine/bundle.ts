// The configuration of an environment's broker machine after its first boot, as a bundle.
import { type IngressRule, MQTT_TLS_PORT, webSocketPorts } from '../../../domain/ingress.ts';
import { renderBrokerConfig, TENANT_MESSAGES_PER_SECOND } from '../../../provisioning/broker/config.ts';
import { ingestUsername } from '../../../provisioning/broker/registry.ts';
import { type Bundle, makeBundle } from '../../../provisioning/machine/bundle/bundle.ts';
import { BUNDLE_FILES, FILES, PATHS } from '../../../provisioning/machine/bundle/paths.ts';
import type { CertificateSource } from '../../../provisioning/machine/bundle/settings.ts';
import type { StackConfig } from '../../configuration/parse.ts';
import { queueOf } from '../../configuration/queue.ts';
import { accountPasswordSecret } from '../../tables/accounts.ts';
import { SECRETS } from '../../tables/secrets.ts';

/** Arguments of {@link brokerBundle}. Every address is known before a deployment, and so is the bundle's hash. */
export interface BrokerBundleArgs {
  /** The stack's configuration. */
  config: Omit<StackConfig, 'environment'>;
  /** Openings of the host firewall. */
  ingress: IngressRule[];
  /** The broker's DNS name. */
  brokerHost: string;
  /** Names of the broker and its standby; undefined: there is none. */
  ownHosts?: { primary: string; standby: string } | undefined;
  /** The vault from which the machine reads its secrets. */
  vault: { uri: string };
  /** Where copies of the broker's state are stored. */
  storage: { brokerStateUrl: string };
  /** Where bundles are stored. */
  bundles: { url: string };
  /** Address of the Function App. */
  functionAppUrl: string;
}

/** The bundle of an environment. */
export function brokerBundle(args: BrokerBundleArgs): Bundle {
  const { config, brokerHost, ownHosts } = args;
  const { maxQueuedMessages, maxQueuedBytes, diskBytes } = queueOf(config);
  // In order, so that the same generations always give the same bundle.
  const usernames = config.ingestGenerationsInForce.toSorted((a, b) => a - b).map(ingestUsername);
  return makeBundle({
    ingress: args.ingress,
    sourceLimits: { kibPerSecond: config.sourceKibPerSecond, connections: config.sourceConnections },
    databasePort: config.databasePort,
    brokerConfig: renderBrokerConfig({
      port: MQTT_TLS_PORT,
      webSocketPorts: webSocketPorts(config),
      certificateFile: `${PATHS.secrets}/${FILES.certificate}`,
      keyFile: `${PATHS.secrets}/${FILES.key}`,
      gateFile: `${PATHS.current}/${BUNDLE_FILES.gate}`,
      registryFile: `${PATHS.accounts}/${FILES.registry}`,
      stampKeyFile: `${PATHS.secrets}/${FILES.stampKey}`,
      figuresFile: `${PATHS.metrics}/broker/broker-queue.prom`,
      persistenceDir: PATHS.state,
      maxQueuedMessages,
      maxQueuedBytes,
      maxConnections: config.brokerMaxConnections,
      tenantMessagesPerSecond: TENANT_MESSAGES_PER_SECOND,
      tenantConnections: config.tenantConnections,
      autosaveSeconds: config.brokerAutosaveSeconds,
      maxMessageBytes: config.brokerMaxMessageKb * 1024,
    }),
    ...(config.databaseCa && { databaseCa: config.databaseCa }),
    settings: {
      vaultUri: args.vault.uri,
      secrets: {
        ...Object.fromEntries(usernames.map((user) => [`${user}.password`, accountPasswordSecret(user)])),
        [FILES.registryUrl]: SECRETS.registryUrl,
        [FILES.stampKey]: SECRETS.stampKey,
      },
      blobUri: args.bundles.url,
      backupUri: args.storage.brokerStateUrl,
      brokerHost,
      ...(ownHosts && { alsoNamed: [ownHosts.primary, ownHosts.standby] }),
      domain: config.domain ?? null,
      acmeDirectory: config.acmeDirectory,
      acmeEmail: config.acmeEmail ?? null,
      certificate: certificateOf(config.domain),
      dataDiskGb: config.dataDiskGb,
      stateBytes: diskBytes,
      timers: { url: args.functionAppUrl, keySecret: SECRETS.timerKey },
      ...(config.ubuntuPro && { proTokenSecret: SECRETS.proToken }),
    },
  });
}

function certificateOf(domain: string | undefined): CertificateSource {
  if (domain) return { source: 'acme', tokenSecret: SECRETS.dnsToken };
  const { certificate, key, ca } = SECRETS;
  return { source: 'vault', certificateSecret: certificate, keySecret: key, caSecret: ca };
}
