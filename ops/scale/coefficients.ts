// What a connection, a message, a row and a look at the dashboard cost: each number with where it comes from. `npm run bench -- scale`
// measures those that say so, and holds the model to points that it was not fitted to. Most are the largest that was seen in three runs on
// quiet cores (two x86-64 cores, Postgres 17, Mosquitto 2.0.11, 30 November 2026).

/** A number and where it comes from. */
interface Coefficient {
  value: number;
  unit: string;
  /** A bench, or a page. */
  source: string;
}

const SCALE = 'bench -- scale';

/** All of them, in the order of a message's way. */
export const SOURCED = {
  brokerMib: { value: 12.7, unit: 'MiB', source: SCALE },
  connectionBytes: { value: 15_300, unit: 'bytes a connection', source: SCALE },
  connectSeconds: { value: 0.0014, unit: 's of the broker a TLS connection that is made', source: SCALE },
  queuedMessageBytes: { value: 569, unit: 'bytes beside its payload', source: SCALE },
  brokerWakeCores: { value: 0.029, unit: 'cores, from the next line on; below in proportion', source: SCALE },
  brokerRampMessages: { value: 400, unit: 'messages a second', source: 'bench -- scale: the lowest rate' },
  brokerSecondsPerMessage: { value: 0.0000387, unit: 's', source: SCALE },
  batchesPerSecond: { value: 50, unit: 'a second', source: 'functions/ingest: a worker waits up to 20 ms for company' },
  ingestMib: { value: 150, unit: 'MiB', source: 'bench -- memory: the bound of a worker' },
  ingestIdleCores: { value: 0.022, unit: 'cores: periodic jobs of a worker', source: SCALE },
  ingestBatchCores: { value: 0.091, unit: 'cores at 50 batches a second', source: SCALE },
  ingestSecondsPerMessage: { value: 0.0000458, unit: 's', source: SCALE },
  databaseIdleCores: { value: 0.007, unit: 'cores: periodic jobs of a worker', source: SCALE },
  databaseBatchCores: { value: 0.107, unit: 'cores at 50 batches a second', source: SCALE },
  databaseSecondsPerRow: { value: 0.0000812, unit: 's', source: SCALE },
  rowFixedBytes: { value: 234, unit: 'bytes', source: SCALE },
  rowBytesPerPayloadByte: { value: 1.78, unit: 'bytes', source: SCALE },
  logBytesPerRow: { value: 1680, unit: "bytes of the database's log, with its device's status", source: SCALE },
  pageCopyBytes: { value: 6900, unit: 'bytes of a page that is copied into the log', source: SCALE },
  checkpointSeconds: { value: 300, unit: 's', source: "Postgres' default of checkpoint_timeout" },
  pollSeconds: { value: 15, unit: 's between two looks of an open page', source: 'apps/dashboard: REFRESH_MS' },
  pollFixedSeconds: { value: 0.0041, unit: 's', source: SCALE },
  pollSecondsPerReading: { value: 0.0000053, unit: 's', source: SCALE },
} satisfies Record<string, Coefficient>;

export type Coefficients = Record<keyof typeof SOURCED, number>;

/** Their values alone. */
export const COEFFICIENTS = Object.fromEntries(
  Object.entries(SOURCED).map(([name, { value }]) => [name, value]),
) as Coefficients;
