// Which tenant and device a topic belongs to, and what bounds it. Learnt from the database on first sight and remembered
// for a while.
import { formerTopicOf } from '../../domain/former-topics.ts';
import { DEFAULT_LIMITS, DEFAULT_RULES, type MessageLimits, type ReadingRules } from '../../domain/messages-limits.ts';
import { parseDeviceTopic, TELEMETRY_FORM, telemetryTopic, telemetryTopicOf } from '../../domain/topics.ts';
import type { Database } from '../database/connection.ts';
import { classify } from '../database/sqlstate.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { findFormer } from './former-topics.ts';

/** A registered device. */
export interface Route {
  tenant: string;
  tenantId: string;
  deviceId: string;
  /** The device's telemetry topic; undefined when it keeps another one from before the platform. */
  topic: string | undefined;
  limits: MessageLimits;
  rules: ReadingRules;
  /** The tenant has a rate or a quota. */
  metered: boolean;
  /** The first two columns of a row in COPY's binary format: see write.ts. */
  prefix: Buffer;
}

/** A topic that no registered device may use. */
export interface Unroutable {
  reason: 'bad-topic' | 'unknown-tenant' | 'unknown-device';
  detail: string;
  /** Known for an unknown device, so that its tenant sees the dead letter. */
  tenant: string | undefined;
  tenantId: string | undefined;
}

/** The part of a database that the registry asks. */
export type Asked = Pick<Database, 'query'>;

/** Topics to devices. */
export interface Registry {
  /** Forgets what was learnt too long ago: called for each batch, because to read the clock for each message costs a hundredth. */
  refresh(): void;
  /** The device of a topic, when it is known already. */
  find(topic: string): Route | undefined;
  /**
   * Looks up topics that `find` did not know. A topic that is not registered is asked for again each time, so a device
   * added a moment ago is never refused. Returns the reason for each that cannot be routed. @throws database errors.
   */
  learn(topics: readonly string[]): Promise<Map<string, Unroutable>>;
}

/** How long a device is remembered: a deleted and re-registered one gets its new id, a limit is in force, within this time. */
const MEMORY_MS = 60_000;

/**
 * An empty registry.
 * @param encodePrefix makes a route's `prefix`. @param now in milliseconds.
 * @param log told once when former topics may not be read: then they belong to nobody. Without it, that is an error of `learn`.
 */
export function createRegistry(
  database: Asked,
  encodePrefix: (tenantId: string, deviceId: string) => Buffer,
  now: () => number,
  log?: Logger,
): Registry {
  const routes = new Map<string, Route>();
  let emptiedAt = now();
  let said = false;

  /** One tenant's former topic must not keep all others' readings waiting. */
  async function findKept(topics: readonly string[]): Promise<Map<string, FormerRow>> {
    try {
      const kept = await findFormer<FormerRow>(database, COLUMNS, topics);
      said = false;
      return kept;
    } catch (error) {
      if (log === undefined || !isViewsFault(error)) throw error;
      if (!said)
        log.error({ error: summarizeError(error) }, 'former topics not read, what comes there becomes dead letters');
      said = true;
      return new Map();
    }
  }

  return {
    refresh: () => {
      if (now() - emptiedAt <= MEMORY_MS) return;
      routes.clear();
      emptiedAt = now();
    },
    // A telemetry topic is found as it is; all else of a device, or below a former topic, goes one way, however many there are.
    find: (topic) => routes.get(topic) ?? routes.get(telemetryTopicOf(topic) ?? formerTopicOf(topic) ?? ''),
    learn: async (topics) => {
      const unroutable = new Map<string, Unroutable>();
      const wanted = new Map<string, { tenant: string; device: string }>();
      const former = new Map<string, string>();
      for (const topic of topics) {
        const parsed = parseDeviceTopic(topic);
        if (parsed) wanted.set(topic, parsed);
        else former.set(topic, formerTopicOf(topic) ?? '');
      }
      const kept = await findKept([...new Set(former.values())].filter(Boolean));
      for (const [topic, row] of kept) {
        if (hasDevice(row)) routes.set(topic, routeOf(row, encodePrefix(row.t, row.d), undefined));
      }
      for (const [topic, base] of former) {
        const row = kept.get(base);
        if (row && hasDevice(row)) continue;
        unroutable.set(
          topic,
          row && row.t !== null
            ? { ...refuse('unknown-device', DELETED), tenant: row.tenant_slug ?? undefined, tenantId: row.t }
            : refuse('bad-topic', BAD_TOPIC),
        );
      }
      if (wanted.size === 0) return unroutable;
      const found = await findDevices(database, [...wanted.values()]);
      const missing: [topic: string, tenant: string][] = [];
      for (const [topic, { tenant, device }] of wanted) {
        const row = found.get(`${tenant}/${device}`);
        const telemetry = telemetryTopic(tenant, device);
        if (row) routes.set(telemetry, routeOf(row, encodePrefix(row.t, row.d), telemetry));
        else missing.push([topic, tenant]);
      }
      if (missing.length === 0) return unroutable;
      const tenants = await findTenants(database, [...new Set(missing.map(([, tenant]) => tenant))]);
      for (const [topic, tenant] of missing) {
        const tenantId = tenants.get(tenant);
        unroutable.set(
          topic,
          tenantId
            ? { ...refuse('unknown-device', 'the tenant has no such device'), tenant, tenantId }
            : refuse('unknown-tenant', 'no such tenant, or it has no devices'),
        );
      }
      return unroutable;
    },
  };
}

const BAD_TOPIC = `neither ${TELEMETRY_FORM} nor a topic that a device keeps from before`;
const DELETED = 'the device that kept the topic is deleted';

const COLUMNS = `tenant_slug, device_slug, tenant_id as t, device_id as d, max_payload_bytes, max_depth, max_ahead_seconds,
  max_age_seconds, metered, time_members, senml, repairs_clock, repeat_ms`;

/** A device as the database has it; a null is a limit that was not set. */
interface DeviceRow {
  tenant_slug: string;
  device_slug: string;
  t: string;
  d: string;
  max_payload_bytes: number | null;
  max_depth: number | null;
  max_ahead_seconds: number | null;
  max_age_seconds: string | null;
  metered: boolean;
  time_members: string[] | null;
  senml: boolean | null;
  repairs_clock: boolean | null;
  repeat_ms: number | null;
}

/** Whose a former topic is. Without a device: it was deleted; without a tenant: it was removed. */
type FormerRow = DeviceRow | (Record<'d', null> & { [key in 't' | 'tenant_slug']: string | null });

const hasDevice = (row: FormerRow): row is DeviceRow => row.d !== null;

/** A missing grant or view. What else is an operator's, such as a password, is in the way of everything: that waits. */
const isViewsFault = (error: unknown) =>
  classify(error) === 'operator' && (error as { code: string }).code.startsWith('42');

async function findDevices(database: Asked, keys: { tenant: string; device: string }[]) {
  // Disabled devices too: what the broker acknowledged before it cut them off is stored.
  const { rows } = await database.query<DeviceRow>(
    `select ${COLUMNS}
     from ingest.registered_devices
     join unnest($1::text[], $2::text[]) as wanted (tenant_slug, device_slug) using (tenant_slug, device_slug)`,
    [keys.map(({ tenant }) => tenant), keys.map(({ device }) => device)],
  );
  return new Map(rows.map((row) => [`${row.tenant_slug}/${row.device_slug}`, row] as const));
}

function routeOf(row: DeviceRow, prefix: Buffer, topic: string | undefined): Route {
  const limits = {
    maxPayloadBytes: row.max_payload_bytes ?? DEFAULT_LIMITS.maxPayloadBytes,
    maxDepth: row.max_depth ?? DEFAULT_LIMITS.maxDepth,
    maxAheadSeconds: row.max_ahead_seconds ?? DEFAULT_LIMITS.maxAheadSeconds,
    maxAgeSeconds: row.max_age_seconds === null ? DEFAULT_LIMITS.maxAgeSeconds : Number(row.max_age_seconds),
  };
  const rules = {
    timeMembers: row.time_members ?? DEFAULT_RULES.timeMembers,
    isSenml: row.senml ?? DEFAULT_RULES.isSenml,
    repairsClock: row.repairs_clock ?? DEFAULT_RULES.repairsClock,
    repeatMs: row.repeat_ms ?? DEFAULT_RULES.repeatMs,
  };
  return {
    tenant: row.tenant_slug,
    tenantId: row.t,
    deviceId: row.d,
    topic,
    limits,
    rules,
    metered: row.metered,
    prefix,
  };
}

async function findTenants(database: Asked, slugs: string[]): Promise<Map<string, string>> {
  const { rows } = await database.query<{ tenant_slug: string; tenant_id: string }>(
    'select distinct tenant_slug, tenant_id from ingest.registered_devices where tenant_slug = any ($1::text[])',
    [slugs],
  );
  return new Map(rows.map((row) => [row.tenant_slug, row.tenant_id]));
}

const refuse = (reason: Unroutable['reason'], detail: string): Unroutable => ({
  reason,
  detail,
  tenant: undefined,
  tenantId: undefined,
});
