// Stands for the kubelets of some nodes: registers the nodes, starts the real program of each pod that the genuine scheduler binds to one
// of them, asks its readiness probe, says so to the API, and stops it as a kubelet does: SIGTERM, the pod's grace period, SIGKILL.
import type { ChildProcess } from 'node:child_process';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container, Pod } from 'kubernetes-types/core/v1.d.ts';
import { startChild, stopChild } from '../../lab/child.ts';
import { freePort } from '../../lab/ports.ts';
import type { Cluster } from './cluster.ts';

/** How a container's program is started here. */
export interface Start {
  command: string;
  args: string[];
  env: Record<string, string>;
}

/** What a kubelet has to know. */
export interface KubeletOptions {
  nodes: readonly string[];
  namespace: string;
  /** @param port where it has to answer its probe. */
  start(container: Container, port: number): Start;
  /** Called with each pod that starts and that has ended. */
  onPod?(what: 'started' | 'ended', pod: string, node: string): void;
  /** Most that a pod is given to stop, in seconds. Default: what it asks for. */
  patienceSeconds?: number;
}

/** Those that were started. */
export interface Kubelets {
  /** Where a process runs. */
  nodeOf(pid: number): string | undefined;
  /** Ends what runs. @throws the first fault of a kubelet. */
  stop(): Promise<void>;
}

interface Running {
  child: ChildProcess;
  node: string;
  port: number;
  isReady: boolean;
  stopping?: Promise<void>;
}

const LOOK_EVERY_MS = 200;

/** Starts them. */
export async function startKubelets(cluster: Cluster, options: KubeletOptions): Promise<Kubelets> {
  const pods = `/api/v1/namespaces/${options.namespace}/pods`;
  const running = new Map<string, Running>();
  for (const name of options.nodes) await register(cluster, name);
  let isOver = false;

  const look = async () => {
    const { items } = await cluster.call<{ items: Pod[] }>('GET', pods);
    for (const pod of items) {
      const { name, uid } = pod.metadata as { name: string; uid: string };
      const node = pod.spec!.nodeName;
      if (node === undefined || !options.nodes.includes(node)) continue;
      const one = running.get(uid);
      if (pod.metadata!.deletionTimestamp !== undefined) {
        if (!one) await forget(name);
        else one.stopping ??= end(name, uid, node, one, pod.spec!.terminationGracePeriodSeconds ?? 30);
      } else if (!one) await begin(pod, name, uid, node);
      else if (!one.isReady && (await answers(pod, one.port))) {
        one.isReady = true;
        await say(name, true, pod);
      }
    }
  };

  async function begin(pod: Pod, name: string, uid: string, node: string): Promise<void> {
    const port = await freePort();
    const { command, args, env } = options.start(pod.spec!.containers[0]!, port);
    const child = startChild(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    running.set(uid, { child, node, port, isReady: false });
    options.onPod?.('started', name, node);
    await say(name, false, pod);
  }

  async function end(name: string, uid: string, node: string, { child }: Running, graceSeconds: number): Promise<void> {
    await stopChild(child, 'SIGTERM', Math.min(graceSeconds, options.patienceSeconds ?? graceSeconds) * 1000);
    running.delete(uid);
    options.onPod?.('ended', name, node);
    await forget(name);
  }

  const forget = (name: string) =>
    cluster.call('DELETE', `${pods}/${name}`, { gracePeriodSeconds: 0 }).catch(() => undefined);

  /** As a kubelet reports a pod whose containers run. */
  const say = (name: string, isReady: boolean, pod: Pod) => {
    const at = new Date().toISOString().replace(/\.\d+/, '');
    const condition = (type: string) => ({ type, status: isReady ? 'True' : 'False', lastTransitionTime: at });
    const containerStatuses = pod.spec!.containers.map(({ name: container, image }) => ({
      name: container,
      image,
      imageID: image,
      ready: isReady,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: at } },
    }));
    return cluster.call('PATCH', `${pods}/${name}/status`, {
      status: {
        phase: 'Running',
        startTime: at,
        conditions: [
          { type: 'PodScheduled', status: 'True', lastTransitionTime: at },
          ...['Initialized', 'ContainersReady', 'Ready'].map(condition),
        ],
        containerStatuses,
      },
    });
  };

  const looking = (async () => {
    while (!isOver) {
      await look();
      await sleep(LOOK_EVERY_MS);
    }
  })();
  // A fault here is the test's: it is thrown when the test stops them.
  looking.catch(() => {});
  return {
    nodeOf: (pid) => [...running.values()].find(({ child }) => child.pid === pid)?.node,
    stop: async () => {
      isOver = true;
      await looking.finally(() => Promise.all([...running.values()].map(({ child }) => stopChild(child))));
    },
  };
}

/** A node with room. */
async function register(cluster: Cluster, name: string): Promise<void> {
  const room = { cpu: '8', memory: '16Gi', pods: '50', 'ephemeral-storage': '100Gi' };
  await cluster.call('POST', '/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
  });
  // Every new node has one, until somebody has seen that it is ready.
  await cluster.call('PATCH', `/api/v1/nodes/${name}`, { spec: { taints: null } });
  await cluster.call('PATCH', `/api/v1/nodes/${name}/status`, {
    status: {
      capacity: room,
      allocatable: room,
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
    },
  });
}

/** Whether its readiness probe is answered well. */
async function answers(pod: Pod, port: number): Promise<boolean> {
  const { httpGet } = pod.spec!.containers[0]!.readinessProbe!;
  return new Promise((resolve) => {
    const asked = get({ host: '127.0.0.1', port, path: httpGet!.path!, timeout: 1000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode! >= 200 && answer.statusCode! < 400);
    });
    asked.on('error', () => resolve(false));
    asked.on('timeout', () => asked.destroy());
  });
}
