// Names inside the cluster: accounts, partitions, the stream of messages, and how NATS writes topics.

/** Devices of a tenant are in one of as many partitions; each is ingested by one worker at a time. Fixed when a cluster is made. */
export const PARTITIONS = 4;
/** The first word of the subjects of what devices publish; the partition's number is the second. */
export const PARTITION_PREFIX = 'from';
/** The first level of the topics to which the platform publishes for devices. They get them without it. */
export const TO_DEVICES = 'to';

/** The account of devices and ingest: provisioning/cluster/nats-server.tmpl.conf. */
export const DEVICES_ACCOUNT = 'DEVICES';

/** The stream of all messages with QoS 1: nats-server's own, docs.nats.io "MQTT". */
export const MESSAGES_STREAM = '$MQTT_msgs';
/** Its subjects begin so. */
export const MESSAGES_PREFIX = '$MQTT.msgs.';

/** The stream of retained messages, nats-server's own, and how its subjects begin. */
export const RETAINED_STREAM = '$MQTT_rmsgs';
export const RETAINED_PREFIX = '$MQTT.rmsgs.';
/** What becomes of what a device retains: no server reads these names. */
export const NOT_RETAINED = '_NOT_RETAINED.>';

/** The durable consumer of a partition. */
export const consumerOf = (partition: number) => `ingest-${partition}`;
/** What it receives. */
export const partitionFilter = (partition: number) => `${MESSAGES_PREFIX}${PARTITION_PREFIX}.${partition}.>`;

/** Where answers to ingest come. */
export const INGEST_INBOX = '_INBOX_ingest';

/** The MQTT client id that a device must use: its user name with `_` for the point, which NATS does not allow there. */
export const clientIdOf = (username: string) => username.replace('.', '_');

/**
 * NATS subjects for an MQTT filter whose levels are slugs or wildcards; two for one that ends with `#`, which stands for its parent too.
 * @throws Error for a level that NATS writes differently.
 */
export function subjectsOf(filter: string): string[] {
  if (!/^[a-z0-9+#/-]+$/.test(filter)) throw new Error(`the filter ${JSON.stringify(filter)} has no plain subject`);
  const subject = filter.replaceAll('/', '.').replaceAll('+', '*').replace('#', '>');
  return subject.endsWith('.>') ? [subject.slice(0, -2), subject] : [subject];
}

/** The topic to which a message of the stream was published. As nats-server does it: `/` before a point or another `/` stands for itself. */
export function topicOf(subject: string): string {
  const published = subject.slice(MESSAGES_PREFIX.length).replace(PARTITION, '');
  return published.replace(/\/\.|\/\/|\/|\./g, (found) => (found === '//' ? '.' : found === '/' ? '' : '/'));
}

const PARTITION = new RegExp(`^${PARTITION_PREFIX}\\.\\d+\\.`);
