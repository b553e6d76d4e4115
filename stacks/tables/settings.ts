// The app settings of the ingest function. Secrets are references to the vault.
import type { Input, Output } from '@pulumi/pulumi';
import type { Vault } from '../../components/vault.ts';
import { MQTT_TLS_PORT } from '../../domain/ingress.ts';
import { controlUsername, ingestUsername } from '../../provisioning/broker/registry.ts';
import type { StackConfig } from '../configuration/parse.ts';
import { accountPasswordSecret } from './accounts.ts';
import { notifyKeySecret, SECRETS } from './secrets.ts';

/** Arguments of {@link ingestSettings}. */
export interface IngestSettingsArgs {
  /** The stack's configuration. */
  config: StackConfig;
  /** The broker's host name. */
  brokerHost: string;
  /** Names of the broker and its standby; undefined: there is none. */
  ownHosts: { primary: string; standby: string } | undefined;
  /** Certificate of the private CA, PEM; undefined when the broker's certificate is a public one. */
  brokerCa: Output<string> | undefined;
  /** The vault that keeps the secrets. */
  vault: Vault;
  /** Where the dashboard is; undefined if there is none. */
  dashboardUrl: Input<string> | undefined;
}

/** App settings by name. The names are part of the platform's interface: see functions/settings/. */
export function ingestSettings(args: IngestSettingsArgs): Record<string, Input<string>> {
  const { config, brokerHost, ownHosts, brokerCa, vault } = args;
  const urlOf = (host: string) => `mqtts://${host}:${MQTT_TLS_PORT}`;
  const username = ingestUsername(config.ingestGeneration);
  const control = controlUsername(config.controlGeneration);
  const other = config.ingestGenerationsInForce.find((generation) => generation !== config.ingestGeneration);
  return {
    MQTT_BROKER_URL: urlOf(brokerHost),
    ...(ownHosts && { MQTT_INGEST_URLS: `${urlOf(ownHosts.primary)} ${urlOf(ownHosts.standby)}` }),
    MQTT_BROKER_USERNAME: username,
    MQTT_BROKER_PASSWORD: vault.reference(accountPasswordSecret(username)),
    MQTT_GATE_KEY: vault.reference(SECRETS.stampKey),
    TIMER_TWIN_KEY: vault.reference(SECRETS.timerKey),
    ...(other === undefined ? {} : previousAccount(ingestUsername(other), vault)),
    MQTT_CONTROL_USERNAME: control,
    MQTT_CONTROL_PASSWORD: vault.reference(accountPasswordSecret(control)),
    ...(brokerCa ? { MQTT_BROKER_CA: brokerCa } : {}),
    // The lease is named after it: two runs under different names would run at once. The broker's session belongs to the user name.
    MQTT_CLIENT_ID: `mqtt-ingest-${config.environment}`,
    EXTERNAL_DATABASE_CONNECTION_STRING: vault.reference(SECRETS.databaseUrl),
    ...(config.databaseCa ? { EXTERNAL_DATABASE_CA: config.databaseCa } : {}),
    INGEST_BATCH_CAP: String(config.ingestBatchCap),
    INGEST_TIME_GUARD_MS: String(config.ingestTimeGuardMs),
    LOG_LEVEL: config.logLevel,
    ...(config.metrics && {
      PROMETHEUS_ENABLED: 'true',
      PROMETHEUS_PATH: config.metricsPath,
      DATABASE_LIMIT_MB: String(config.databaseLimitMb),
    }),
    ...notifySettings(args),
    ...questionSettings(args),
  };
}

/** Settings of notifications: see functions/settings/notify.ts. */
function notifySettings({
  config,
  brokerHost,
  vault,
  dashboardUrl,
}: IngestSettingsArgs): Record<string, Input<string>> {
  const { notifyGeneration, smtpHost, smtpPort, smtpUser, mailFrom } = config;
  return {
    NOTIFY_KEY: vault.reference(notifyKeySecret(notifyGeneration)),
    ...(notifyGeneration > 1 && { NOTIFY_PREVIOUS_KEY: vault.reference(notifyKeySecret(notifyGeneration - 1)) }),
    NOTIFY_OWN_HOSTS: brokerHost,
    ...(dashboardUrl && { NOTIFY_DASHBOARD_URL: dashboardUrl }),
    ...(smtpHost &&
      smtpUser &&
      mailFrom && {
        NOTIFY_SMTP_URL: `${smtpPort === 465 ? 'smtps' : 'smtp'}://${encodeURIComponent(smtpUser)}@${smtpHost}:${smtpPort}`,
        NOTIFY_SMTP_PASSWORD: vault.reference(SECRETS.smtpPassword),
        NOTIFY_FROM: mailFrom,
      }),
  };
}

/** Settings of questions: see functions/settings/questions.ts. */
function questionSettings({ config, vault }: IngestSettingsArgs): Record<string, Input<string>> {
  const { questionsUrl, questionsModels, questionsPricesFrom, supabasePublishableKey } = config;
  if (!questionsUrl || !questionsModels || !questionsPricesFrom || !supabasePublishableKey) return {};
  return {
    QUESTIONS_URL: questionsUrl,
    QUESTIONS_KEY: vault.reference(SECRETS.questionsKey),
    QUESTIONS_MODELS: questionsModels,
    QUESTIONS_PRICES_FROM: questionsPricesFrom,
    QUESTIONS_API_URL: supabaseUrl(config),
    QUESTIONS_PUBLISHABLE_KEY: supabasePublishableKey,
    QUESTIONS_TOKENS_DAY: String(config.questionsTokensDay),
    QUESTIONS_TOKENS_MONTH: String(config.questionsTokensMonth),
    QUESTIONS_USD_DAY: String(config.questionsUsdDay),
    QUESTIONS_USD_MONTH: String(config.questionsUsdMonth),
    QUESTIONS_PLATFORM_USD_MONTH: String(config.questionsPlatformUsdMonth),
  };
}

/** Where the API of the database is, for people and for what reads as them. */
export const supabaseUrl = ({ supabaseUrl: url, databaseProjectRef }: StackConfig): string =>
  url ?? `https://${databaseProjectRef}.supabase.co`;

/** During a rotation each generation has its own queue on the broker, and ingest empties the queue of the old one. */
function previousAccount(username: string, vault: Vault): Record<string, Input<string>> {
  return {
    MQTT_BROKER_PREVIOUS_USERNAME: username,
    MQTT_BROKER_PREVIOUS_PASSWORD: vault.reference(accountPasswordSecret(username)),
  };
}
