// Settings of two clusters that do not exist, for tests.
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { readSettings, type Settings } from '../settings.ts';

const EXAMPLE = readFileSync(new URL('../settings.example.yaml', import.meta.url), 'utf8');
const DIGEST = `@sha256:${'0123456789abcdef'.repeat(4)}`;

/** The example as it is. */
export const staging = (): Settings => readSettings(EXAMPLE);

/** The example's text with changes. */
export const changed = (changes: Record<string, unknown>): string =>
  stringify({ ...(parse(EXAMPLE) as object), ...changes });

/** What the example becomes for prod. */
export const PROD = {
  environment: 'prod',
  namespace: 'mqtt-saas',
  images: {
    broker: `registry.example.com/mqtt-saas/broker${DIGEST}`,
    app: `registry.example.com/mqtt-saas/app${DIGEST}`,
    database: `registry.example.com/mqtt-saas/database${DIGEST}`,
  },
  imagePullSecret: 'registry',
  clusterIssuer: 'letsencrypt',
  storageClass: 'fast',
  sharedStorageClass: 'shared',
  database: { host: 'postgres.example.com', cidrs: ['192.0.2.10/32'] },
};

/** A prod of it. */
export const prod = (): Settings => readSettings(changed(PROD));
