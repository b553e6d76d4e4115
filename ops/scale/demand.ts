// What a load asks of each part of the platform: connections, messages, memory, processor time, rows, bytes. Pure arithmetic; the numbers
// are in coefficients.ts.
import { COEFFICIENTS, type Coefficients } from './coefficients.ts';

/** What devices send and people look at. */
export interface Load {
  /** Devices, all connected. */
  devices: number;
  messagesPerMinute: number;
  /** Mean payload of a message. */
  messageBytes: number;
  /** Rows that a message becomes. */
  rowsPerMessage: number;
  /** Days that readings stay in the database. */
  retentionDays: number;
  /** Pages of the dashboard that are open, each with a chart of a day. */
  dashboards: number;
  /** How long ingest may be away without a loss, hours. */
  outageHours: number;
}

/** Processor time in cores: 1 is a core that is never idle. */
export interface Demand {
  connections: number;
  messagesPerSecond: number;
  /** `memoryBytes`: with the queue of the longest outage. */
  broker: {
    memoryBytes: number;
    cores: number;
    queueBytes: number;
    bytesPerSecond: number;
    /** Seconds of one core until all devices are connected again after a restart. */
    reconnectSeconds: number;
  };
  ingest: { memoryBytes: number; cores: number };
  database: {
    rowsPerDay: number;
    bytesPerRow: number;
    /** Readings and their index once a retention's worth is there. */
    bytes: number;
    /** Bytes of its log. */
    logPerSecond: number;
    /** With the pages of table and index. */
    writtenPerSecond: number;
    /** `writeCores` and `readCores` together: readings that are stored, and dashboards that ask. */
    cores: number;
    writeCores: number;
    readCores: number;
  };
}

const DAY_SECONDS = 86_400;
const MIB = 1024 ** 2;
const PAGE_BYTES = 8192;
/** Of a reading with a time, an id and six values (bench/support/readings.ts). */
export const READING_BYTES = 136;

/** A device that reports once a minute; a page is open for every thousand devices, at least one. */
export const usualLoad = (devices: number): Load => ({
  devices,
  messagesPerMinute: 1,
  messageBytes: READING_BYTES,
  rowsPerMessage: 1,
  retentionDays: 30,
  dashboards: Math.max(1, devices / 1000),
  outageHours: 8,
});

/** Bytes of a row with its part of the index. @param payloadBytes of the reading as it was sent. */
export const rowBytes = (payloadBytes: number, c: Coefficients = COEFFICIENTS): number =>
  c.rowFixedBytes + c.rowBytesPerPayloadByte * payloadBytes;

/** @param c others than the measured ones: what a bench has just fitted. */
export function demandOf(load: Load, c: Coefficients = COEFFICIENTS): Demand {
  const messagesPerSecond = (load.devices * load.messagesPerMinute) / 60;
  const rowsPerSecond = messagesPerSecond * load.rowsPerMessage;
  const queueBytes = messagesPerSecond * 3600 * load.outageHours * (load.messageBytes + c.queuedMessageBytes);
  const bytesPerRow = rowBytes(load.messageBytes / load.rowsPerMessage, c);
  const rowsPerDay = rowsPerSecond * DAY_SECONDS;
  // At a low rate each message wakes the broker, and is a batch of its own.
  const wakes = Math.min(1, messagesPerSecond / c.brokerRampMessages);
  const batches = Math.min(1, messagesPerSecond / c.batchesPerSecond);
  const writeCores = c.databaseIdleCores + batches * c.databaseBatchCores + rowsPerSecond * c.databaseSecondsPerRow;
  // Each device writes to a page of its own of the index. Its first reading after a checkpoint puts a copy of the page into the log.
  const pages = Math.min(load.devices, rowsPerSecond * c.checkpointSeconds) / c.checkpointSeconds;
  const logPerSecond = rowsPerSecond * c.logBytesPerRow + pages * c.pageCopyBytes;
  const readCores =
    (load.dashboards / c.pollSeconds) * (c.pollFixedSeconds + c.pollSecondsPerReading * pollReadings(load));
  return {
    connections: load.devices,
    messagesPerSecond,
    broker: {
      memoryBytes: c.brokerMib * MIB + load.devices * c.connectionBytes + queueBytes,
      cores: wakes * c.brokerWakeCores + messagesPerSecond * c.brokerSecondsPerMessage,
      queueBytes,
      bytesPerSecond: messagesPerSecond * load.messageBytes,
      reconnectSeconds: load.devices * c.connectSeconds,
    },
    ingest: {
      memoryBytes: c.ingestMib * MIB,
      cores: c.ingestIdleCores + batches * c.ingestBatchCores + messagesPerSecond * c.ingestSecondsPerMessage,
    },
    database: {
      rowsPerDay,
      bytesPerRow,
      bytes: rowsPerDay * load.retentionDays * bytesPerRow,
      logPerSecond,
      writtenPerSecond: logPerSecond + rowsPerSecond * bytesPerRow + pages * PAGE_BYTES,
      cores: writeCores + readCores,
      writeCores,
      readCores,
    },
  };
}

/** Readings of a day of one device, which a chart reads. */
const pollReadings = ({ messagesPerMinute, rowsPerMessage }: Load) => messagesPerMinute * rowsPerMessage * 60 * 24;
