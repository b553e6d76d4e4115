// The genuine API server with its store, on this machine: on loopback, in a temporary folder. They end with this process.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { generateKey } from '../../domain/credentials.ts';
import { startChild, stopChild } from '../../lab/child.ts';
import { freePort } from '../../lab/ports.ts';
import type { KubernetesObject } from '../../provisioning/kubernetes/objects.ts';
import { definitionFiles, serverProgram } from './programs.ts';

/** What the API server said of an object. */
export interface Said {
  ok: boolean;
  /** Its message, with warnings. */
  text: string;
}

/** A running cluster, without nodes. */
export interface Cluster {
  /** Applies an object as `kubectl apply --server-side --dry-run=server --validate=strict` does: nothing comes of it. */
  apply(object: KubernetesObject): Promise<Said>;
  /** Makes an object. @throws Error when it is refused. */
  make(object: object): Promise<void>;
  /** Its version. */
  version(): Promise<string>;
  stop(): Promise<void>;
}

/** Until it answers; a busy machine is slow. */
const READY_MS = 120_000;

/** Starts it, with the definitions of the kinds that the manifests use. */
export async function startCluster(): Promise<Cluster> {
  const program = await serverProgram();
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-saas-cluster-'));
  const [client, peer, api] = [await freePort(), await freePort(), await freePort()];
  const token = generateKey();
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const [signing, checking] = [file('accounts.key', privateKey), file('accounts.pub', publicKey)];
  const children: ReturnType<typeof startChild>[] = [];
  const start = (name: string, args: string[]) => {
    const log = openSync(join(folder, `${name}.log`), 'w');
    children.push(startChild(program, [name, ...args], { stdio: ['ignore', log, log], onParentDeath: 'KILL' }));
  };
  const stop = async () => {
    for (const child of children.reverse()) await stopChild(child, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const at = (port: number) => `http://127.0.0.1:${port}`;
  start('etcd', [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${at(client)}`,
    `--advertise-client-urls=${at(client)}`,
    `--listen-peer-urls=${at(peer)}`,
    `--initial-advertise-peer-urls=${at(peer)}`,
    `--initial-cluster=default=${at(peer)}`,
    '--unsafe-no-fsync',
  ]);
  start('kube-apiserver', [
    `--etcd-servers=${at(client)}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${api}`,
    `--cert-dir=${join(folder, 'api')}`,
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.96.0.0/24',
    '--authorization-mode=RBAC',
    `--token-auth-file=${file('tokens.csv', `${token},admin,admin,"system:masters"\n`)}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${checking}`,
    `--service-account-signing-key-file=${signing}`,
  ]);
  const authority = join(folder, 'api/apiserver.crt');
  const call = (method: string, path: string, body?: object) =>
    ask({ port: api, token, authority }, method, path, body);
  const make = async (object: object) => {
    const { ok, text } = await call('POST', placeOf(object as KubernetesObject), object);
    if (!ok) throw new Error(text);
  };
  try {
    await answering(() => call('GET', '/readyz'), join(folder, 'kube-apiserver.log'));
    const definitions = definitionFiles().map((path) => parse(readFileSync(path, 'utf8')) as Definition);
    for (const definition of definitions) await make(definition);
    for (const { spec } of definitions)
      await answering(
        () => call('GET', `/apis/${spec.group}/v1/${spec.names.plural}`),
        join(folder, 'kube-apiserver.log'),
      );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    make,
    apply: (object) => call('PATCH', `${placeOf(object)}/${object.metadata.name}${DRY}`, object),
    version: async () => (JSON.parse((await call('GET', '/version')).text) as { gitVersion: string }).gitVersion,
    stop,
  };
}

/** A definition of a kind. */
interface Definition {
  spec: { group: string; names: { plural: string } };
}

/** Nothing comes of it, and no field may be unknown or double. */
const DRY = '?dryRun=All&fieldValidation=Strict&fieldManager=test';

/** Kinds that are in no namespace. */
const CLUSTER_WIDE = new Set(['Namespace', 'CustomResourceDefinition']);

/** Path of an object's kind, in its namespace. */
function placeOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = kind.toLowerCase().replace(/y$/, 'ie').replace(/ss$/, 'sse');
  return `${group}${CLUSTER_WIDE.has(kind) ? '' : `/namespaces/${metadata.namespace}`}/${plural}s`;
}

async function answering(works: () => Promise<Said>, log: string): Promise<void> {
  let last = '';
  for (const until = Date.now() + READY_MS; Date.now() < until; await sleep(200)) {
    const { ok, text } = await works().catch((error: Error) => ({ ok: false, text: error.message }));
    if (ok) return;
    last = text;
  }
  throw new Error(`${last}\n${readFileSync(log, 'utf8').slice(-2000)}`);
}

function ask(
  { port, token, authority }: { port: number; token: string; authority: string },
  method: string,
  path: string,
  body?: object,
): Promise<Said> {
  // JSON is YAML.
  const type = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': type }) };
    const asked = request({ host: '127.0.0.1', port, path, method, headers, ca: readFileSync(authority) }, (answer) => {
      const { warning = '' } = answer.headers as { warning?: string };
      let text = warning;
      answer.setEncoding('utf8').on('data', (part) => (text += part));
      answer.on('end', () => resolve({ ok: Math.floor(answer.statusCode! / 100) === 2, text }));
    });
    asked.on('error', reject);
    asked.end(body && JSON.stringify(body));
  });
}
