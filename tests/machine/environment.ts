// The test environment: what a deployment puts into Azure for the machine, rendered by the program's own code.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ingressRules } from '../../domain/ingress.ts';
import { issue, type Life, makeAuthority, type Pair } from '../../lab/authority.ts';
import { INGEST_USERNAME } from '../../provisioning/broker/registry.ts';
import type { Bundle } from '../../provisioning/machine/bundle/bundle.ts';
import { parseConfig } from '../../stacks/configuration/parse.ts';
import { userData } from '../../stacks/profiles/machine/broker.ts';
import { brokerBundle } from '../../stacks/profiles/machine/bundle.ts';
import { accountPasswordSecret } from '../../stacks/tables/accounts.ts';
import { SECRETS } from '../../stacks/tables/secrets.ts';
import { BLOB_HOST, FUNCTIONS_HOST, type Services, VAULT_HOST } from './services.ts';
import { ADDRESSES, BROKER_HOST, DATABASE_PORT } from './world.ts';

/** The containers, and what the machine's identity may do there. */
const BUNDLES = 'broker-bundles';
const STATE = 'broker-state';
const bundlesUrl = `https://${BLOB_HOST}/${BUNDLES}`;

/** What the timers' twins are called with. */
const TIMER_KEY = 'of-the-timers-in-the-test-vault-only-0123456789';
/** What ingest signs in with. */
export const INGEST_PASSWORD = 'only-in-the-test-vault';

const adminCidrs = [`${ADDRESSES.admin.v4}/32`, `${ADDRESSES.admin.v6}/128`];

/** The exact user data of an environment with these administrators. */
export const renderUserData = (): string => userData(ingressRules({ adminCidrs }), bundlesUrl);

/** The packages that it installs. */
export const packagesOf = (text: string): string[] => (parse(text) as { packages: string[] }).packages;

/** The bundle of the stack `dev`, with the test environment's names. @param change keys of the stack file, such as `domain`. */
export function makeTestBundle(change: Record<string, unknown> = {}): Bundle {
  const file = parse(readFileSync(new URL('../../Pulumi.dev.yaml', import.meta.url), 'utf8')) as { config: object };
  const config = parseConfig({ ...file.config, ...prefixed({ databasePort: DATABASE_PORT, ...change }) }, 'dev');
  return brokerBundle({
    config,
    ingress: ingressRules({ ...config, adminCidrs }),
    brokerHost: BROKER_HOST,
    vault: { uri: `https://${VAULT_HOST}` },
    storage: { brokerStateUrl: `https://${BLOB_HOST}/${STATE}` },
    bundles: { url: bundlesUrl },
    functionAppUrl: `https://${FUNCTIONS_HOST}`,
  });
}

const prefixed = (keys: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(keys).map(([key, value]) => [`mqtt-saas:${key}`, value]));

/** What a deployment does with a bundle: the archive first, then the pointer to it. Gives its hash. */
export function publishBundle({ azure }: Services, { hash, archive }: Pick<Bundle, 'hash' | 'archive'>): string {
  azure.blobs.set(`${BUNDLES}/${hash}.tgz`, archive);
  azure.blobs.set(`${BUNDLES}/current`, Buffer.from(hash));
  return hash;
}

/** The environment's private CA, which devices are handed. */
const authority = await makeAuthority('mqtt-saas test CA');

/** A certificate of the private CA for the broker. @param life default: valid now. */
export const issueForBroker = (life?: Life): Promise<Pair> =>
  issue(authority, [BROKER_HOST], [ADDRESSES.machine.v4, ADDRESSES.machine.v6], life);

/** Fills vault and containers. Gives the CA that devices are handed, PEM. */
export async function fillCloud(services: Services, registryUrl: string): Promise<string> {
  const { azure } = services;
  const server = await issueForBroker();
  azure.secrets.set(accountPasswordSecret(INGEST_USERNAME), INGEST_PASSWORD);
  azure.secrets.set(SECRETS.registryUrl, registryUrl);
  azure.secrets.set(SECRETS.stampKey, '00112233445566778899aabbccddeeff');
  azure.secrets.set(SECRETS.timerKey, TIMER_KEY);
  azure.secrets.set(SECRETS.certificate, server.certificate);
  azure.secrets.set(SECRETS.key, server.key);
  azure.secrets.set(SECRETS.ca, authority.certificate);
  azure.rights.set(BUNDLES, 'read');
  azure.rights.set(STATE, 'write');
  publishBundle(services, makeTestBundle());
  return authority.certificate;
}
