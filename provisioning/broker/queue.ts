// How much may wait on the broker while ingest is away, and whether the machine can hold it.

/** What the queue is made for. */
export interface Outage {
  /** Messages a second of all devices together, more than 0. */
  messagesPerSecond: number;
  /** The longest time nobody drains the queue that must lose nothing, hours, more than 0. */
  outageHours: number;
  /** Mean payload of a message in bytes, at least 1. */
  messageBytes: number;
}

/** Bounds of one session's queue, and what a full one takes. */
export interface QueueLimits {
  maxQueuedMessages: number;
  /** Payload bytes. */
  maxQueuedBytes: number;
  /** Bytes of memory of the broker when the queue is full. */
  memoryBytes: number;
  /** Bytes of one copy of mosquitto.db when the queue is full. */
  fileBytes: number;
  /** Bytes of the file system that has room for all copies of it, and for what else lies there. */
  diskBytes: number;
}

/** A machine that has to hold a queue. */
export interface QueueHost {
  memoryGiB: number;
  /** Size of the disk the state lies on, GiB. */
  dataDiskGb: number;
}

/**
 * What Mosquitto keeps of a message beside its payload, in memory: two structures, topic, client id, user name, and the gate's stamp
 * (176 bytes). `npm run bench -- queue` measures 570 bytes with short names and 920 with the longest; this is for names of 25 letters.
 */
export const MESSAGE_MEMORY_BYTES = 688;
/** The same in mosquitto.db: 200 bytes with short names, 548 with the longest. */
export const MESSAGE_FILE_BYTES = 324;
/** Part of the machine's memory that a full queue may take: the rest is for the system, 1,000 connections and page cache. */
export const MEMORY_SHARE = 0.3;
/** A save writes a second copy beside the first, and a restore keeps the old one too. */
const COPIES_ON_DISK = 3;
/** Part of the file system the copies may take: certificates and accounts lie there too, and a full disk ends all saving. */
const DISK_SHARE = 0.8;
/**
 * Part of a disk that is left of it as ext4. The journal, the inode tables (1/64 of the disk) and the copies of the group
 * descriptors take 3.6% of 4 GiB and less of a larger disk: `mkfs.ext4 -m 0`, then `dumpe2fs -h`, "Overhead clusters".
 */
const FILE_SYSTEM_SHARE = 0.96;

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** The sizing rule: rate x longest outage x bytes. @throws Error naming the value that is not a positive number. */
export function queueLimits(outage: Outage): QueueLimits {
  for (const [name, value] of Object.entries(outage)) {
    if (!Number.isFinite(value) || value <= 0) {
      throw new Error(`queue: ${name} is ${value}; it must be a number above 0`);
    }
  }
  const { messagesPerSecond, outageHours, messageBytes } = outage;
  const messages = Math.ceil(messagesPerSecond * outageHours * 3600);
  const fileBytes = Math.ceil(messages * (messageBytes + MESSAGE_FILE_BYTES));
  return {
    maxQueuedMessages: messages,
    maxQueuedBytes: Math.ceil(messages * messageBytes),
    memoryBytes: Math.ceil(messages * (messageBytes + MESSAGE_MEMORY_BYTES)),
    fileBytes,
    diskBytes: Math.ceil((fileBytes * COPIES_ON_DISK) / DISK_SHARE),
  };
}

/**
 * Refuses a queue the machine cannot hold: the kernel would kill the broker before the queue is full.
 * @throws Error that says how much is too much and what to change.
 */
export function assertQueueFits(limits: QueueLimits, { memoryGiB, dataDiskGb }: QueueHost): void {
  const memory = memoryGiB * GIB * MEMORY_SHARE;
  if (limits.memoryBytes > memory) {
    throw new Error(
      `a full queue of ${limits.maxQueuedMessages} messages takes ${mebibytes(limits.memoryBytes)} of memory; a machine ` +
        `with ${memoryGiB} GiB has ${mebibytes(memory)} for it. Plan for a shorter outage or fewer messages a second, or ` +
        'choose a larger vmSize',
    );
  }
  const fileSystem = fileSystemBytes(dataDiskGb);
  if (limits.diskBytes > fileSystem) {
    const room = (fileSystem * DISK_SHARE) / COPIES_ON_DISK;
    throw new Error(
      `a full queue of ${limits.maxQueuedMessages} messages takes ${mebibytes(limits.fileBytes)} on disk, three times ` +
        `while it is saved or restored; a data disk of ${dataDiskGb} GiB has room for ${mebibytes(room)}. Set a larger dataDiskGb`,
    );
  }
}

/** Bytes of the file system on a disk of `diskGb` GiB, at least 4: no more than the machine finds there (data_disk.py). */
export function fileSystemBytes(diskGb: number): number {
  return Math.floor(diskGb * GIB * FILE_SYSTEM_SHARE);
}

const mebibytes = (bytes: number) => `${Math.ceil(bytes / MIB)} MiB`;
