// The broker and ingest: queue sizes, limits, accounts.
import { INGEST_RUN } from '../../../domain/ingest-run.ts';
import { MAX_PAYLOAD_BYTES } from '../../../domain/messages-limits.ts';
import { DEFAULT_MAX_CONNECTIONS, DEFAULT_OUTAGE, TENANT_CONNECTIONS } from '../../../provisioning/broker/config.ts';
import { SOURCE_LIMITS } from '../../../provisioning/machine/firewall.ts';
import { listOf, wholeNumber } from '../fields.ts';
import { key } from './key.ts';

const { batchCap, timeGuardMs } = INGEST_RUN;
/** The broker must refuse what ingest cannot store: otherwise it would acknowledge a message that is lost. */
const MOST_KIB = MAX_PAYLOAD_BYTES / 1024;

/** The keys, each with its rule, default and description. */
export const brokerKeys = {
  ingestBatchCap: key(wholeNumber(batchCap.least, batchCap.most).default(batchCap.normal), {
    description: 'Maximum number of messages that one ingest run stores.',
    example: '5000',
  }),
  ingestTimeGuardMs: key(wholeNumber(timeGuardMs.least, timeGuardMs.most).default(timeGuardMs.normal), {
    description:
      'Maximum duration of an ingest run, milliseconds, 1,000 to 540,000. Keep it below the minute between runs.',
    example: '45000',
  }),
  ingestGeneration: key(wholeNumber(1, 9999).default(1), {
    description:
      'Generation of the broker account that ingest signs in with; one of `ingestGenerationsInForce`. To roll a rotation back, set the previous one: `npm run ops -- rotate ingest`.',
    example: '1',
  }),
  ingestGenerationsInForce: key(listOf(wholeNumber(1, 9999)).default([1]), {
    description:
      'Generations of that account that the broker is known to accept, one or two. Written by `npm run ops -- rotate ingest`, not by hand.',
    example: "'[1]'",
  }),
  controlGeneration: key(wholeNumber(1, 9999).default(1), {
    description:
      'Generation of the broker account that sends commands. To replace its key, set the next number and deploy; commands wait meanwhile.',
    example: '2',
  }),
  queueMessagesPerSecond: key(wholeNumber(1, 10_000).default(DEFAULT_OUTAGE.messagesPerSecond), {
    description:
      'Messages per second of all devices together that the broker’s queue is sized for. Rate, outage and message size give the queue’s size; one that exceeds the machine’s memory or disk is refused.',
    example: '10',
  }),
  queueOutageHours: key(wholeNumber(1, 168).default(DEFAULT_OUTAGE.outageHours), {
    description: 'Longest outage of ingest that loses nothing at that rate, hours, 1 to 168.',
    example: '8',
  }),
  queueMessageBytes: key(wholeNumber(1, MAX_PAYLOAD_BYTES).default(DEFAULT_OUTAGE.messageBytes), {
    description: 'Mean payload for which the queue is sized, bytes.',
    example: '256',
  }),
  brokerMaxMessageKb: key(wholeNumber(1, MOST_KIB).default(MOST_KIB), {
    description: `Largest payload that the broker accepts, KiB, 1 to ${MOST_KIB}, which is the most that ingest stores. A larger message is dropped; only an MQTT 5 client is told.`,
    example: '128',
  }),
  brokerMaxConnections: key(wholeNumber(10, 60_000).default(DEFAULT_MAX_CONNECTIONS), {
    description: 'Maximum number of clients connected to a listener at a time, 10 to 60,000.',
    example: '2000',
  }),
  tenantConnections: key(wholeNumber(1, 60_000).default(TENANT_CONNECTIONS), {
    description:
      'Maximum number of devices of one tenant that are connected at a time, 1 to 60,000. Raise it with the device limit of a tenant that has more.',
    example: '1000',
  }),
  brokerAutosaveSeconds: key(wholeNumber(1, 3600).default(300), {
    description:
      'Seconds between the broker’s own saves of its state, 1 to 3,600. A fallback: the machine itself saves as often as its disk allows.',
    example: '300',
  }),
  sourceKibPerSecond: key(wholeNumber(16, 100_000).default(SOURCE_LIMITS.kibPerSecond), {
    description:
      'KiB per second that one address may send to the broker, 16 to 100,000: one flooding address cannot block the others. All devices of a site behind one address share it; raise it for a busy site.',
    example: '64',
  }),
  sourceConnections: key(wholeNumber(1, 60_000).default(SOURCE_LIMITS.connections), {
    description: 'Maximum number of connections from one address at a time, 1 to 60,000.',
    example: '256',
  }),
};
