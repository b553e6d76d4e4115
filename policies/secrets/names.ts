// Tells from the name of a setting or output whether it contains a secret.

/** Words that mean a secret anywhere in a name. */
const SECRET_WORDS = new Set(
  'password passwd passphrase pwd secret secrets token credential credentials apikey pat sas psk connectionstring'.split(
    ' ',
  ),
);
/** The same, at the end of a word written without separators: `dbpassword`, `WEBSITE_CONTENTAZUREFILECONNECTIONSTRING`. */
const SECRET_ENDINGS =
  /(password|passwd|secret|token|apikey|accesskey|accountkey|privatekey|connectionstring|connstr)$/;
/** `KEY` at the end means a secret unless the word before it makes it public or an identifier. */
const PUBLIC_KEYS = new Set('public publishable anon partition instrumentation primary foreign sort row'.split(' '));
/** A name that ends with one of these describes a secret and does not contain it. */
const ABOUT = new Set(
  `algorithm audience cap count days enabled endpoint expires expiry file generation id ids issuer length limit name names
  path rotation scope thumbprint ttl type uri url usage used version`.split(/\s+/),
);
/** Settings of identity-based connections (Microsoft Learn, "Azure Functions developer guide", common properties). */
const IDENTITY_BASED =
  /__(accountName|credential|clientId|tenantId|fullyQualifiedNamespace|managedIdentityResourceId|\w*serviceUri)$/i;
/** Settings in which Azure expects a connection string although the name does not say so. */
const CONNECTION_STRINGS = new Set(['azurewebjobsstorage', 'azurewebjobsdashboard']);
/**
 * Not a secret according to Microsoft: it only says where telemetry is sent (Microsoft Learn, "Connection strings in Application
 * Insights": the key in it is not a security token).
 */
const NOT_SECRET = new Set(['applicationinsights_connection_string', 'appinsights_instrumentationkey']);

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

function mentionsSecret(words: string[]): boolean {
  if (words.some((word) => SECRET_WORDS.has(word) || SECRET_ENDINGS.test(word))) return true;
  return /\b(connection|conn) (string|str)\b/.test(words.join(' '));
}

/** True when the name describes a secret but does not contain one, e.g. `secretNames`, `tokenEndpoint`. A signed URL is a secret. */
export function isAboutSecret(name: string): boolean {
  const words = wordsOf(name);
  return ABOUT.has(words.at(-1) ?? '') && mentionsSecret(words) && !words.includes('sas');
}

/** True when the name suggests a secret, e.g. `MQTT_BROKER_PASSWORD`, `adminPassword`, `storageAccessKey`. */
export function isSecretName(name: string): boolean {
  const lower = name.toLowerCase();
  if (CONNECTION_STRINGS.has(lower)) return true;
  if (NOT_SECRET.has(lower) || IDENTITY_BASED.test(name) || isAboutSecret(name)) return false;
  const words = wordsOf(name);
  if (words.at(-1) === 'key') return !PUBLIC_KEYS.has(words.at(-2) ?? '');
  return mentionsSecret(words);
}
