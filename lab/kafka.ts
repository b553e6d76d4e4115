// The real Apache Kafka on loopback: one node that is broker and controller (KRaft). Java runs it; Maven fetches it once.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { startChild, stopChild } from './child.ts';
import { logEnd } from './log-end.ts';
import { madeOnce } from './made-once.ts';
import { freePort } from './ports.ts';
import { cacheFolder } from './postgres-binaries.ts';
import { giveToService, makeServiceDir, SERVICE_USER } from './unprivileged.ts';

/** A running broker. */
export interface Kafka {
  /** `host:port`, for clients. */
  broker: string;
  child: ChildProcess;
  makeTopic(name: string, partitions: number): Promise<void>;
  /** SIGTERM. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

const POM = join(import.meta.dirname, 'kafka/pom.xml');
const START_TIMEOUT_MS = 120_000;
/** Small and quick to start: tests send a few thousand records. */
const JVM = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/**
 * The folder with Kafka's programs, fetched when it is not there (54 MB).
 * @throws Error that says what to install, or Maven's own words.
 */
export async function fetchKafka(): Promise<string> {
  const pom = readFileSync(POM);
  const folder = join(cacheFolder(), `kafka-${createHash('sha256').update(pom).digest('hex').slice(0, 12)}`);
  mkdirSync(cacheFolder(), { recursive: true });
  await madeOnce(folder, async (partial) => {
    const args = ['--batch-mode', '--quiet', '--strict-checksums', '--file', POM, 'dependency:copy-dependencies'];
    const { status, stdout, stderr, error } = spawnSync('mvn', [...args, `-DoutputDirectory=${partial}`], {
      encoding: 'utf8',
    });
    if (error)
      throw new Error('Kafka needs Java and Maven: apt-get install default-jre-headless maven', { cause: error });
    if (status !== 0) throw new Error(`Maven could not fetch Kafka:\n${stdout}${stderr}`);
  });
  return folder;
}

/** Starts a broker and returns when it accepts connections. @param dir for its files; kept between starts, as its `ports` are. */
export async function startKafka(dir: string, ports?: { broker: number; controller: number }): Promise<Kafka> {
  const folder = await fetchKafka();
  makeServiceDir(dir);
  const { broker: port, controller } = ports ?? { broker: await freePort(), controller: await freePort() };
  const [config, logFile] = [join(dir, 'server.properties'), join(dir, 'kafka.log')];
  writeFileSync(config, properties(join(dir, 'data'), port, controller));
  giveToService(config);
  const log = openSync(logFile, 'a', 0o600);
  const java = (...args: string[]) =>
    startChild('java', [...JVM, '-cp', `${folder}/*`, ...args], {
      cwd: dir,
      stdio: ['ignore', log, log],
      ...(SERVICE_USER && { user: SERVICE_USER }),
    });
  if (!existsSync(join(dir, 'data/meta.properties'))) {
    const format = java('kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', config, '--standalone');
    const code = await new Promise((resolve) => format.once('exit', resolve));
    if (code !== 0) throw new Error(`Kafka's storage could not be made; ${logEnd(logFile)}`);
  }
  const child = java('kafka.Kafka', config);
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stopChild(child);
      throw new Error(`Kafka did not start; ${logEnd(logFile)}`);
    }
    await sleep(100);
  }
  const broker = `127.0.0.1:${port}`;
  return {
    broker,
    child,
    makeTopic: async (name, partitions) => {
      const admin = new Admin({ clientId: 'lab', bootstrapBrokers: [broker], retries: 20, retryDelay: 500 });
      await admin.createTopics({ topics: [name], partitions, replicas: 1 });
      await admin.close();
    },
    stop: () => stopChild(child),
    kill: () => stopChild(child, 'SIGKILL'),
  };
}

/** Any 16 bytes. */
const CLUSTER = 'bXF0dC1zYWFzLWxhYi0xMQ';

/** One node keeps one copy of everything, and lets a group begin at once. */
const properties = (data: string, port: number, controller: number) => `process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:${controller}
log.dirs=${data}
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
`;

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
