// Parquet files of readings, written and read by DuckDB: one tenant's, compressed with ZSTD.
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ensurePackages } from '../../bootstrap/packages.mjs';

/** What a table, or a file, holds: the number of rows and the checksum that `ingest.archive_facts` describes. */
export interface Facts {
  rows: bigint;
  /** 32 hexadecimal digits. */
  checksum: string;
}

/** A DuckDB in this process. */
export interface Duck {
  run(sql: string): Promise<void>;
  /** Rows as objects; numbers that need it are bigint or text. */
  rows(sql: string): Promise<Record<string, unknown>[]>;
  close(): void;
}

/** Megabytes that DuckDB takes for data, and the most of a row group: what is written is in memory a group at a time. */
const MEMORY_MB = 64;
const GROUP_ROWS = 50_000;
const GROUP_MB = 16;
/** Of text that becomes a part of a file. */
const PART_BYTES = 4 * 1024 * 1024;
/** Bytes of a reading as text. It came with 128 KiB at most; but for `1e308` the database writes 309 digits. */
const LONGEST_LINE = 8 * 1024 * 1024;

/**
 * Works with a DuckDB and a folder that only this user can read. Both go afterwards.
 * @param memoryMb Default: enough to write and to compare.
 */
export async function withDuck<Result>(
  work: (duck: Duck, folder: string) => Promise<Result>,
  memoryMb = MEMORY_MB,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'archive-'));
  try {
    const duck = await openDuck(folder, memoryMb);
    return await work(duck, folder).finally(duck.close);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param scratch folder for what does not fit into memory. */
async function openDuck(scratch: string, memoryMb: number): Promise<Duck> {
  // Only here: it brings 68 MB, and `npm start` does not install them.
  await ensurePackages('all');
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: `${memoryMb}MB`,
    temp_directory: scratch,
    // A bound on a row group's bytes asks for it. With one thread the order stays.
    preserve_insertion_order: 'false',
    // Nothing is loaded over the network.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    // It takes a file that was replaced for the former one, when both have the same size and second.
    enable_external_file_cache: 'false',
  });
  const connection = await instance.connect();
  await connection.run("set timezone = 'UTC'");
  return {
    run: async (sql) => {
      await connection.run(sql);
    },
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRowObjects() as Record<string, unknown>[],
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

export const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** These files as a table: their columns alone, not what the path says. */
export const tableOf = (...files: string[]) =>
  `read_parquet([${files.map(quote).join(', ')}], hive_partitioning = false)`;

/**
 * What is selected for {@link writeParquet}: times in microseconds since 1970, and the message id in hexadecimal, so that a line is a row.
 */
export const COPY_COLUMNS = `device_id, (extract(epoch from ts) * 1000000)::bigint, encode(convert_to(message_id, 'UTF8'), 'hex'),
  (extract(epoch from received_at) * 1000000)::bigint, payload`;

/**
 * Makes a Parquet file of a tenant's readings, in parts: DuckDB keeps of a CSV file more in memory than of a Parquet file.
 * @param csv what `COPY (select {@link COPY_COLUMNS} …) TO STDOUT (FORMAT csv, FORCE_QUOTE *)` writes.
 */
export async function writeParquet(duck: Duck, csv: Readable, file: string, tenant: string): Promise<void> {
  const parts: string[] = [];
  const part = `${file}.csv`;
  for await (const _ of inParts(csv, part)) {
    parts.push(`${file}.${parts.length}`);
    await duck.run(`
      copy (
        select ${quote(tenant)}::uuid as tenant_id, device_id::uuid as device_id, make_timestamptz(ts) as ts,
          decode(unhex(message_id)) as message_id, make_timestamptz(received_at) as received_at, payload
        from read_csv(${quote(part)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', new_line = '\\n',
          parallel = false, max_line_size = ${LONGEST_LINE}, buffer_size = ${LONGEST_LINE}, nullstr = 'never',
          columns = {device_id: 'VARCHAR', ts: 'BIGINT', message_id: 'VARCHAR', received_at: 'BIGINT', payload: 'VARCHAR'})
      ) to ${quote(parts.at(-1)!)} (format parquet, compression zstd)`);
  }
  await duck.run(`
    copy (select * from ${tableOf(...parts)})
    to ${quote(file)} (format parquet, compression zstd, row_group_size ${GROUP_ROWS}, row_group_size_bytes '${GROUP_MB}MB')`);
  for (const each of [part, ...parts]) await rm(each);
}

/** Writes whole lines into the file, some megabytes at a time. */
async function* inParts(source: Readable, file: string): AsyncGenerator<void> {
  let part: FileHandle | undefined;
  try {
    let bytes = 0;
    const write = async (chunk: Buffer) => {
      part ??= await open(file, 'w', 0o600);
      await part.write(chunk);
      bytes += chunk.length;
    };
    for await (const chunk of source as AsyncIterable<Buffer>) {
      const end = chunk.lastIndexOf(0x0a) + 1;
      const isEnough = end > 0 && bytes + end >= PART_BYTES;
      await write(isEnough ? chunk.subarray(0, end) : chunk);
      if (!isEnough) continue;
      yield;
      await part!.close();
      [part, bytes] = [undefined, 0];
      if (end < chunk.length) await write(chunk.subarray(end));
    }
    if (bytes > 0) yield;
  } finally {
    await part?.close();
  }
}

/** What a file holds, read to its end. @throws Error when it is damaged. */
export async function factsOf(duck: Duck, file: string): Promise<Facts> {
  const sum = (from: number) =>
    `printf('%016x', (sum(('0x' || substr(h, ${from}, 15))::bigint) % 9223372036854775807)::bigint)`;
  const [row] = await duck.rows(`
    select count(*) as rows, coalesce(${sum(1)} || ${sum(17)}, repeat('0', 32)) as checksum
    from (
      select md5(concat_ws('|', tenant_id, device_id, epoch_us(ts), epoch_us(received_at), strlen(message_id), message_id, payload)) as h
      from ${tableOf(file)}
    )`);
  return row as unknown as Facts;
}
