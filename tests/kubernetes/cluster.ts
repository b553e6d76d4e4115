// A cluster's own programs on this machine: the genuine API server with its store, and, when asked for, the controllers and the
// scheduler. On loopback, in a temporary folder; they end with this process.
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateKey } from '../../domain/credentials.ts';
import { startChild, stopChild } from '../../lab/child.ts';
import { freePort } from '../../lab/ports.ts';
import { clusterProgram, definitionFiles } from './programs.ts';

/** What kubectl said. */
export interface Said {
  ok: boolean;
  /** Both outputs. */
  text: string;
}

/** A running cluster, without nodes. */
export interface Cluster {
  /** Runs kubectl as an administrator. @param input what `-f -` reads. */
  kubectl(args: string[], input?: string): Promise<Said>;
  /** As `kubectl`. @throws Error with what it said. */
  must(args: string[], input?: string): Promise<string>;
  /** One request to the API. @throws Error unless it is answered with 2xx. */
  call<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>;
  stop(): Promise<void>;
}

/** Until it answers; a busy machine is slow. */
const READY_MS = 120_000;

/** Those that act on what the platform has. */
const CONTROLLERS = [
  'deployment-controller',
  'replicaset-controller',
  'statefulset-controller',
  'disruption-controller',
  'serviceaccount-controller',
  'garbage-collector-controller',
].join(',');

/** Starts it, with the definitions of the kinds that the manifests use. @param acting with controllers and scheduler. */
export async function startCluster({ acting = false } = {}): Promise<Cluster> {
  const program = await clusterProgram();
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
  const call: Cluster['call'] = (method, path, body) => ask({ port: api, token, authority }, method, path, body);
  const kubeconfig = file(
    'kubeconfig',
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${api}`, 'certificate-authority': authority } }],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  // Never waited for by blocking: what kubectl waits for may be done by this process.
  const kubectl: Cluster['kubectl'] = async (args, input = '') => {
    const child = spawn(program, ['kubectl', '--kubeconfig', kubeconfig, ...args], {
      env: { PATH: process.env.PATH, HOME: folder },
    });
    let said = '';
    for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', (part) => (said += part));
    child.stdin.end(input);
    const [code] = await once(child, 'close');
    return { ok: code === 0, text: said };
  };
  const must: Cluster['must'] = async (args, input) => {
    const { ok, text } = await kubectl(args, input);
    if (!ok) throw new Error(`kubectl ${args.join(' ')}: ${text}`);
    return text;
  };
  try {
    await answering(() => call('GET', '/readyz'), join(folder, 'kube-apiserver.log'));
    if (acting) {
      start('kube-controller-manager', [
        `--kubeconfig=${kubeconfig}`,
        `--controllers=${CONTROLLERS}`,
        `--service-account-private-key-file=${signing}`,
        '--leader-elect=false',
        '--secure-port=0',
      ]);
      start('kube-scheduler', [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0']);
    }
    for (const definition of definitionFiles()) await must(['create', '-f', definition]);
    await must(['wait', '--for=condition=established', '--timeout=60s', 'crd', '--all']);
  } catch (error) {
    await stop();
    throw error;
  }
  return { kubectl, must, call, stop };
}

async function answering(works: () => Promise<unknown>, log: string): Promise<void> {
  const until = Date.now() + READY_MS;
  for (;;) {
    try {
      await works();
      return;
    } catch (error) {
      if (Date.now() > until) throw new Error(`${(error as Error).message}\n${readFileSync(log, 'utf8').slice(-2000)}`);
    }
    await sleep(200);
  }
}

function ask<T>(
  { port, token, authority }: { port: number; token: string; authority: string },
  method: string,
  path: string,
  body: unknown,
): Promise<T> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': type }) };
    const asked = request({ host: '127.0.0.1', port, path, method, headers, ca: readFileSync(authority) }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => (text += part));
      answer.on('end', () => {
        if (Math.floor(answer.statusCode! / 100) !== 2) reject(new Error(`${method} ${path}: ${text.slice(0, 500)}`));
        else resolve((text.startsWith('{') ? JSON.parse(text) : text) as T);
      });
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
