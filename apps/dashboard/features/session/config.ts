// Where the platform is: read from the origin that served the page, so that one build serves every environment.

/** What `/api/config` says. All of it is public. */
export interface Config {
  /** Base of `/auth/v1` and `/rest/v1`. */
  supabaseUrl: string;
  publishableKey: string;
  /** Where devices connect, with TLS. */
  brokerHost: string;
  brokerPort: number;
  /** Devices have to trust this environment's own CA, which is at `/api/ca.pem`. */
  hasCa: boolean;
  /** False where the auth service writes its mails into a log instead of sending them. */
  sendsMail: boolean;
  /** False where nothing sends commands to devices. */
  sendsCommands: boolean;
  /** "local", "dev" or "prod". */
  environment: string;
}

let loading: Promise<Config> | undefined;

/** Fetched once a page; asked again after a failure. @throws Error with a sentence for a person. */
export function loadConfig(): Promise<Config> {
  loading ??= fetchConfig().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function fetchConfig(): Promise<Config> {
  const response = await fetch('/api/config').catch(() => undefined);
  const config = (response?.ok ? await response.json().catch(() => ({})) : {}) as Partial<Config>;
  if (!config.supabaseUrl || !config.publishableKey) {
    throw new Error(
      'The dashboard could not read its configuration from /api/config. Check the connection and try again.',
    );
  }
  return config as Config;
}
