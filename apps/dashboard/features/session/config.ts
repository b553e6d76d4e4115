// Where the platform is: read from the origin that served the page, so that one build serves every environment.
import type { PublicConfig } from '../../functions/api/config.ts';
import { t } from '../../language/translate.ts';

let loading: Promise<PublicConfig> | undefined;

/** Fetched once a page; asked again after a failure. @throws Error with a sentence for a person. */
export function loadConfig(): Promise<PublicConfig> {
  loading ??= fetchConfig().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function fetchConfig(): Promise<PublicConfig> {
  const response = await fetch('/api/config').catch(() => undefined);
  const config = (response?.ok ? await response.json().catch(() => ({})) : {}) as Partial<PublicConfig>;
  if (!config.supabaseUrl || !config.publishableKey) {
    throw new Error(
      t('The dashboard could not read its configuration from /api/config. Check the connection and try again.'),
    );
  }
  return config as PublicConfig;
}
