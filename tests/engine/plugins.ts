// What the engine attaches to: our stand-ins for the providers and for the Node language host.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { type LanguageHost, packageOf, startLanguageHost } from './host/language.ts';
import type { Serving } from './host/serve.ts';
import { azureNative } from './standins/azure-native.ts';
import { cloudflare } from './standins/cloudflare.ts';
import { command } from './standins/command.ts';
import type { Model, Surroundings } from './standins/model.ts';
import { startProvider } from './standins/provider.ts';
import { proxmoxve } from './standins/proxmoxve.ts';
import { random } from './standins/random.ts';
import { tls } from './standins/tls.ts';

/** A test must never reach an account: these are stand-ins wherever it runs. */
const ALWAYS: Record<string, (around: Surroundings) => Model> = {
  'azure-native': azureNative,
  cloudflare,
  proxmoxve,
};
/** Where PATH has the genuine one (`pulumi-resource-random`), the engine finds it there. */
const WHERE_MISSING: Record<string, (around: Surroundings) => Model> = { random, tls, command };

export interface Plugins {
  /** Tell the engine where they are. */
  env: Record<string, string>;
  /** What programs and policy packs printed since it was asked last. */
  takeOutput(): string;
  close(): void;
}

export async function startPlugins(around: Omit<Surroundings, 'config'>): Promise<Plugins> {
  const require = createRequire(import.meta.url);
  const missing = Object.entries(WHERE_MISSING).filter(([name]) => !isOnPath(`pulumi-resource-${name}`));
  const models = [...Object.entries(ALWAYS), ...missing];
  const serving: Serving[] = [];
  const addresses: string[] = [];
  for (const [name, model] of models) {
    const { version } = require(`${packageOf(name)}/package.json`) as { version: string };
    const provider = await startProvider(name, version, { ...around, config: {} }, model);
    serving.push(provider);
    addresses.push(`${name}:${provider.port}`);
  }
  const packages = [...Object.keys(ALWAYS), ...Object.keys(WHERE_MISSING)];
  let host: LanguageHost | undefined;
  if (!isOnPath('pulumi-language-nodejs')) host = await startLanguageHost({ env: around.env, packages });
  return {
    env: {
      PULUMI_DEBUG_PROVIDERS: addresses.join(','),
      ...(host && { PULUMI_DEBUG_LANGUAGES: `nodejs:${host.port}` }),
    },
    takeOutput: () => host?.takeOutput() ?? '',
    close: () => {
      for (const each of serving) each.close();
      host?.close();
    },
  };
}

const isOnPath = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
