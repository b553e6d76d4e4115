// settings.json of a bundle: what the scripts on the machine are told about their environment. Nothing in it is secret.

/** Where the broker's certificate comes from. */
export type CertificateSource =
  /** An ACME server, by DNS-01 through Cloudflare with the token of this secret of the vault. */
  | { source: 'acme'; tokenSecret: string }
  /** The vault, where the deployment put what the private CA signed. */
  | { source: 'vault'; certificateSecret: string; keySecret: string; caSecret: string };

/** Content of settings.json. */
export interface MachineSettings {
  /** Where the vault is read, such as `https://kv-mqtt-dev-1a2b3c.vault.azure.net`. */
  vaultUri: string;
  /** Names of the vault's secrets, by the file below `/run/mqtt-saas` each becomes. */
  secrets: Record<string, string>;
  /** Container the bundles lie in. */
  blobUri: string;
  /** Container the copies of the broker's state go to. */
  backupUri: string;
  /** The broker's DNS name, which its certificate is for. */
  brokerHost: string;
  /** Names that its certificate is for as well: those of the broker and its standby, which are given this bundle alike. */
  alsoNamed?: string[];
  /** The environment's domain; null: private CA. */
  domain: string | null;
  /** Directory URL of the ACME server. */
  acmeDirectory: string;
  /** Mailbox the ACME server may write to; null: none. */
  acmeEmail: string | null;
  certificate: CertificateSource;
  /** Size of the data disk, GiB. A bundle with another one has the file system grown. */
  dataDiskGb: number;
  /** What a full queue takes on the data disk, all told, bytes: a smaller file system refuses the bundle. */
  stateBytes: number;
  /** The Function App, and the vault's secret with the key that runs its timers' work: for call-timers. */
  timers: { url: string; keySecret: string };
  /** The vault's secret with the token of Ubuntu Pro; absent where the machine is not attached. */
  proTokenSecret?: string;
}

/** The public ACME server. */
export const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory';

/** The text of settings.json: the same settings give the same bytes. @throws Error naming what is not an https URL. */
export function renderSettings(settings: MachineSettings): string {
  const { vaultUri, blobUri, backupUri, acmeDirectory, timers } = settings;
  for (const [key, url] of Object.entries({ vaultUri, blobUri, backupUri, acmeDirectory, 'timers.url': timers.url })) {
    if (!/^https:\/\/[\w.-]+(:\d+)?(\/[\w./-]*)?$/.test(url)) {
      throw new Error(`settings.json: ${key} is ${JSON.stringify(url)}; it must be a plain https address`);
    }
  }
  return `${JSON.stringify(settings, null, 2)}\n`;
}
