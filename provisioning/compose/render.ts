// Renders the platform's Compose project: compose.yaml and what its images are built from. Pure: the same arguments, the same files.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MQTT_TLS_PORT, WEB_PORTS } from '../../domain/ingress.ts';
import { IMPORT, MAX_BODY_BYTES } from '../../domain/request-limits.ts';
import { renderBrokerConfig, TENANT_CONNECTIONS, TENANT_MESSAGES_PER_SECOND } from '../broker/config.ts';
import type { ArchiveFile } from '../machine/bundle/archive.ts';
import { programs } from '../machine/bundle/bundle.ts';
import { BUNDLE_FILES, FILES, PATHS } from '../machine/bundle/paths.ts';
import { renderSources, SOURCES_FILE } from './host/firewall.ts';
import { renderProject } from './project.ts';

/** Bounds of one address at the front door. A page of the dashboard asks for 30 files, and polls every few seconds. */
const WEB_LIMITS = { requestsPerSecond: 20, requestsAtOnce: 200, signInsPerMinute: 30, signInsAtOnce: 20 };

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** A rendered release. */
export interface Release {
  /** Names it after its content: 16 hexadecimal digits. */
  id: string;
  compose: string;
  /** For nft: what bounds one source. */
  sources: string;
  /** Of the folder that the images are built in. */
  image: ArchiveFile[];
}

/** @param app what the app's image holds: built programs, the dashboard, Node. */
export function renderCompose(app: readonly ArchiveFile[]): Release {
  const brokerConfig = renderBrokerConfig({
    port: MQTT_TLS_PORT,
    certificateFile: `${PATHS.secrets}/${FILES.certificate}`,
    keyFile: `${PATHS.secrets}/${FILES.key}`,
    gateFile: `${PATHS.current}/${BUNDLE_FILES.gate}`,
    registryFile: `${PATHS.accounts}/${FILES.registry}`,
    stampKeyFile: `${PATHS.secrets}/${FILES.stampKey}`,
    figuresFile: `${PATHS.metrics}/broker/broker-queue.prom`,
    persistenceDir: PATHS.state,
    tenantMessagesPerSecond: TENANT_MESSAGES_PER_SECOND,
    tenantConnections: TENANT_CONNECTIONS,
  });
  const image = [
    text('Dockerfile', read('./Dockerfile')),
    text('install.sh', read('./install.sh')),
    ...programs().map((file) => ({ ...file, path: `broker/${file.path}` })),
    text(`broker/${BUNDLE_FILES.brokerConfig}`, brokerConfig),
    text('broker/broker.sh', read('./broker.sh')),
    text('broker/broker-health.sh', read('./broker-health.sh')),
    text('database/database.sh', read('./database.sh')),
    text('database/pg_hba.conf', read('./pg_hba.conf')),
    text('database/scratch.sh', read('./scratch.sh')),
    text('proxy/nginx.conf', renderNginx(brokerConfig)),
    ...app.map((file) => ({ ...file, path: `app/${file.path}` })),
  ];
  const sources = renderSources();
  const id = idOf([...image, text('compose.yaml', renderProject('')), text(SOURCES_FILE, sources)]);
  return { id, compose: renderProject(id), sources, image };
}

/** @param brokerConfig whose cipher suites the web has, too. */
function renderNginx(brokerConfig: string): string {
  const [, ciphers] = /^ciphers (\S+)$/m.exec(brokerConfig) ?? [];
  const values: Record<string, unknown> = {
    ...WEB_LIMITS,
    ciphers,
    httpPort: WEB_PORTS.http,
    httpsPort: WEB_PORTS.https,
    maxBodyBytes: MAX_BODY_BYTES,
    importPath: IMPORT.path,
    importBytes: IMPORT.bodyBytes,
  };
  return read('./nginx.tmpl.conf').replace(/\$\{(\w+)\}/g, (_, name: string) => {
    if (values[name] === undefined) throw new Error(`nginx.conf: there is no value for ${name}`);
    return String(values[name]);
  });
}

function text(path: string, content: string): ArchiveFile {
  return { path, content: Buffer.from(content), executable: content.startsWith('#!') };
}

function idOf(files: readonly ArchiveFile[]): string {
  const hash = createHash('sha256');
  for (const { path, content, executable } of files)
    hash.update(`${path}\0${executable}\0${content.length}\0`).update(content);
  return hash.digest('hex').slice(0, 16);
}
