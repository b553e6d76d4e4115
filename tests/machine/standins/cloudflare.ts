// Stands in tests for Cloudflare's API v4, as far as DNS goes. It insists on what the real one insists on, and on more:
// the token may only put challenges for one host into one zone, and take them away again.
import type { ChallengeDns } from './challenges.ts';
import { type Asked, Refusal, type Reply, type Service } from './http.ts';

/** What the stand-in knows. */
export interface CloudflareOptions {
  /** Required. The one zone of the token, such as `example.test`. */
  zone: string;
  /** Required. The only valid token. */
  token: string;
  /** Required. The host whose challenges may be answered. */
  host: string;
  /** Optional. Others of which it may be. Default: none. */
  others?: readonly string[];
  /** Required. Where the zone's records are published. */
  dns: Pick<ChallengeDns, 'setTxt' | 'clearTxt'>;
}

/** The stand-in. */
export interface Cloudflare {
  service: Service;
  /** The zone's records by id; none is left when a certificate was obtained. */
  records: ReadonlyMap<string, TxtRecord>;
  /** While true, every request is answered with 500. */
  broken: boolean;
}

/** A record of the zone. */
export interface TxtRecord {
  id: string;
  type: string;
  name: string;
  content: string;
}

const BASE = '/client/v4/';
const ZONE_ID = '0a'.repeat(16);

/** Makes it. */
export function cloudflare({ zone, token, host, others = [], dns }: CloudflareOptions): Cloudflare {
  const records = new Map<string, TxtRecord>();
  const challenges = [host, ...others].map((name) => `_acme-challenge.${name}`);
  let made = 0;

  async function service(asked: Asked): Promise<Reply> {
    const { method, url, headers } = asked;
    if (standIn.broken) return reply(null, 500);
    if (headers.authorization !== `Bearer ${token}`) throw new Refusal(403, 'not the token of the zone');
    const path = url.pathname.replace(BASE, '');
    if (method === 'GET' && path === 'zones') {
      return reply(url.searchParams.get('name') === zone ? [{ id: ZONE_ID, name: zone }] : []);
    }
    const [, zoneId, id] = /^zones\/(\w+)\/dns_records(?:\/(\w+))?$/.exec(path) ?? [];
    if (zoneId !== ZONE_ID) throw new Refusal(403, `the token has no right on ${path}`);
    if (method === 'GET') return reply(find(url.searchParams));
    if (method === 'POST') return add(JSON.parse(asked.body.toString()));
    if (method === 'DELETE' && id) return remove(id);
    throw new Refusal(403, `${method} ${path} is more than a challenge needs`);
  }

  function find(query: URLSearchParams): TxtRecord[] {
    const asked = [...query].filter(([key]) => ['type', 'name', 'content'].includes(key));
    return [...records.values()].filter((record) => asked.every(([key, value]) => record[key as 'type'] === value));
  }

  async function add(record: Omit<TxtRecord, 'id'>): Promise<Reply> {
    const { type, name, content } = record;
    if (type !== 'TXT' || !challenges.includes(name))
      throw new Refusal(403, `${type} ${name} is not a challenge of ${host}`);
    made += 1;
    const id = made.toString(16).padStart(32, '0');
    records.set(id, { ...record, id });
    await dns.setTxt(name, content);
    return reply(records.get(id));
  }

  async function remove(id: string): Promise<Reply> {
    const record = records.get(id);
    if (!record) throw new Refusal(404, `there is no record ${id}`);
    records.delete(id);
    await dns.clearTxt(record.name);
    return reply({ id });
  }

  const standIn: Cloudflare = { service, records, broken: false };
  return standIn;
}

/** Cloudflare's envelope. */
function reply(result: unknown, status = 200): Reply {
  const body = JSON.stringify({ success: status === 200, errors: [], messages: [], result });
  return { status, headers: { 'Content-Type': 'application/json' }, body };
}
