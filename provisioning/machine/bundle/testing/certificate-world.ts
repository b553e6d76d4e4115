// What the certificate scripts have around them on the machine, in a temporary folder: settings, the data disk's folder,
// the tmpfs, a vault. For tests of those scripts.
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AzureStandIn, startAzure } from './azure-stand-in.ts';
import { programsFolder } from './programs.ts';

/** The broker's name in these tests. */
export const HOST = 'mqtt.telemetry.example.test';
/** The name of the token's secret, and the token that opens the zone. */
const TOKEN_SECRET = 'cloudflare-api-token';
export const TOKEN = 'token-only-cloudflare-may-see';
/** The setting of an environment with a private CA. */
export const FROM_VAULT = { source: 'vault', certificateSecret: 'crt', keySecret: 'key', caSecret: 'ca' };

/** What a script ended with. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** The machine's folders, and a way to run its scripts there. */
export interface CertificateWorld {
  folder: string;
  /** The vault. */
  azure: AzureStandIn;
  /** Path below the certbot state, the tmpfs for secrets, the unit's runtime folder, the metrics, or the locks. */
  path(place: 'state' | 'secrets' | 'runtime' | 'metrics' | 'locks', ...names: string[]): string;
  /** Changes settings.json. */
  configure(settings: Record<string, unknown>): void;
  /** Runs a script of bin/; never rejects. */
  run(script: string, args: string[], env?: Record<string, string>): Promise<Outcome>;
  remove(): Promise<void>;
}

/** The group of the user that lab/mosquitto.ts runs brokers as: `nobody` for root. */
const asBroker = process.getuid?.() === 0 ? ['nobody'] : [];
const brokerGroup = spawnSync('id', ['-gn', ...asBroker], { encoding: 'utf8' }).stdout.trim();

/** Makes it, with the settings of an environment that has a domain. */
export async function makeCertificateWorld(): Promise<CertificateWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  // The broker, another user, passes through it.
  chmodSync(folder, 0o711);
  const azure = await startAzure();
  azure.secrets.set(TOKEN_SECRET, TOKEN);
  const path: CertificateWorld['path'] = (place, ...names) => join(folder, place, ...names);
  mkdirSync(path('runtime'), { mode: 0o700 });
  let settings: Record<string, unknown> = {
    vaultUri: azure.url,
    brokerHost: HOST,
    domain: 'telemetry.example.test',
    acmeDirectory: 'https://localhost:9/dir',
    acmeEmail: null,
    certificate: { source: 'acme', tokenSecret: TOKEN_SECRET },
  };
  const configure = (change: Record<string, unknown>) => {
    settings = { ...settings, ...change };
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  };
  configure({});
  // Nothing listens there, until a test names the configuration of a broker of its own.
  writeFileSync(join(folder, 'mosquitto.conf'), 'listener 9\n');
  return {
    folder,
    azure,
    path,
    configure,
    run: (script, args, extra) => {
      const env = {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: folder,
        METADATA_ENDPOINT: azure.url,
        SETTINGS: join(folder, 'settings.json'),
        BROKER_CONFIG: join(folder, 'mosquitto.conf'),
        ACME_STATE: path('state'),
        CERTBOT_STATE: path('state'),
        RUNTIME_DIRECTORY: path('runtime'),
        SECRETS: path('secrets'),
        METRICS: path('metrics'),
        LAST_GOOD: join(folder, 'last-good'),
        LOCKS: path('locks'),
        PROPAGATION_SECONDS: '0',
        PAUSE_SECONDS: '0',
        BROKER_GROUP: brokerGroup,
        ...extra,
      };
      const file = join(programsFolder(), `bin/${script}.py`);
      return new Promise((resolve) => {
        execFile('/usr/bin/python3', ['-B', file, ...args], { env }, (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
        });
      });
    },
    remove: async () => {
      await azure.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
