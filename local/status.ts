// The live status of the local platform: counts per tenant, updated in place on a terminal, otherwise a line from time to time.

import { type Colors, colorsFor } from '../bootstrap/colors.ts';
import type { TerminalLine } from '../bootstrap/terminal-line.mjs';
import { connect } from '../provisioning/database/connect.ts';

/** The outcomes of a tenant's messages. */
export interface TenantCounts {
  /** Rows in telemetry. */
  rows: number;
  /** Repeats that made no row, since this start. */
  duplicates: number;
  deadLetters: number;
}

/** The platform at one point in time. */
export interface Status {
  /** Number of messages that the broker has acknowledged to the simulated devices. */
  messagesPerSecond: number;
  tenants: ReadonlyMap<string, TenantCounts>;
}

/** The running display. */
export interface StatusDisplay {
  /** Starts showing the status. @param acknowledged gives the number of acknowledged messages so far. */
  run(databaseUrl: string, acknowledged: () => number): void;
  /** Shows a line of text above the status. */
  note(message: string): void;
  /** Takes the duplicates from the ingest worker's log, and shows its problems. */
  onIngestLog(entry: Record<string, unknown>): void;
  stop(): void;
}

const REFRESH_MS = 1000;
const LINE_EVERY_MS = 10_000;
/** Counting must stay a small part of the database's work as the data grows. */
const PAUSE_PER_QUERY_TIME = 20;

/** One line for a person, such as `4.0 msg/s   acme 120 rows   globex 118 rows, 6 duplicates, 2 dead letters`. */
function renderStatus({ messagesPerSecond, tenants }: Status, colors: Colors): string {
  const parts = [...tenants].map(([tenant, { rows, duplicates, deadLetters }]) => {
    const repeats = duplicates > 0 ? `, ${colors.dim(plural(duplicates, 'duplicate'))}` : '';
    const dead = deadLetters > 0 ? `, ${colors.yellow(plural(deadLetters, 'dead letter'))}` : '';
    return `${colors.cyan(tenant)} ${plural(rows, 'row')}${repeats}${dead}`;
  });
  return [colors.bold(`${messagesPerSecond.toFixed(1)} msg/s`), ...parts].join('   ');
}

/** A display on `stream`, whose last line is `line`; shows nothing before `run`. */
export function createStatusDisplay(stream: NodeJS.WriteStream, line: TerminalLine): StatusDisplay {
  const colors = colorsFor(stream);
  const duplicates = new Map<string, number>();
  let stopped = false;
  let printedAt = 0;
  let lastTrouble: string | undefined;
  let running = false;

  const show = (status: Status) => {
    const text = renderStatus(status, colors);
    if (stream.isTTY) return line.show(text);
    if (Date.now() - printedAt < LINE_EVERY_MS) return;
    printedAt = Date.now();
    line.note(`${text}\n`);
  };
  const note = (message: string) => line.note(`${colors.yellow('!')} ${message}\n`);
  const loop = async (databaseUrl: string, acknowledged: () => number) => {
    let before = { at: Date.now(), count: acknowledged() };
    while (!stopped) {
      await sleep(REFRESH_MS);
      const started = Date.now();
      const tenants = await countTenants(databaseUrl, duplicates).catch(() => undefined);
      const now = { at: Date.now(), count: acknowledged() };
      const messagesPerSecond = ((now.count - before.count) * 1000) / (now.at - before.at);
      before = now;
      if (tenants && !stopped) show({ messagesPerSecond, tenants });
      await sleep((now.at - started) * PAUSE_PER_QUERY_TIME);
    }
  };
  return {
    note,
    run: (databaseUrl, acknowledged) => {
      running = true;
      void loop(databaseUrl, acknowledged);
    },
    onIngestLog: (entry) => {
      addDuplicates(duplicates, entry);
      const trouble = describeTrouble(entry);
      // During the start, refused connections are normal.
      if (!running || trouble === undefined || trouble === lastTrouble) return;
      lastTrouble = trouble;
      note(trouble);
    },
    stop: () => {
      stopped = true;
      line.clear();
    },
  };
}

/** A warning or an error of the ingest worker in words; the same problem gives the same words at every retry. */
function describeTrouble({ level, msg, error }: Record<string, unknown>): string | undefined {
  if (level !== 'warn' && level !== 'error') return undefined;
  const { message = '' } = (error ?? {}) as { message?: string };
  return `ingest: ${msg}${message && `: ${message}`}`;
}

/** The worker's summary lines have the outcomes of each tenant's messages since the previous line. */
function addDuplicates(duplicates: Map<string, number>, entry: Record<string, unknown>): void {
  const tenants = (entry.tenants ?? {}) as Record<string, { duplicate?: number }>;
  for (const [tenant, { duplicate = 0 }] of Object.entries(tenants)) {
    duplicates.set(tenant, (duplicates.get(tenant) ?? 0) + duplicate);
  }
}

async function countTenants(databaseUrl: string, duplicates: ReadonlyMap<string, number>) {
  const client = await connect(databaseUrl);
  try {
    const { rows } = await client.query<{ slug: string; rows: string; dead: string }>(
      `select slug,
         (select count(*) from public.telemetry where tenant_id = t.id) as rows,
         (select count(*) from public.dead_letters where tenant_id = t.id) as dead
       from public.tenants as t order by slug`,
    );
    return new Map<string, TenantCounts>(
      rows.map((row) => [
        row.slug,
        { rows: Number(row.rows), deadLetters: Number(row.dead), duplicates: duplicates.get(row.slug) ?? 0 },
      ]),
    );
  } finally {
    await client.end().catch(() => {});
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms).unref());

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
