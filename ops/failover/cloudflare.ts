// The broker's address record at Cloudflare, by its API v4 ("DNS Records for a Zone").
import { z } from 'zod';

/** Seconds that name servers may keep the answer: the least outside of Cloudflare's Enterprise plan. components/broker-dns.ts deploys the same. */
const TTL = 60;
const API = 'https://api.cloudflare.com/client/v4';
const PATIENCE_MS = 20_000;

/** An address record. */
export interface AddressRecord {
  /** Its address, and for how many seconds others may keep it. @throws Error when it cannot be read, or does not exist. */
  read(): Promise<{ address: string; ttl: number }>;
  write(address: string): Promise<void>;
}

const RECORDS = z.array(z.object({ id: z.string(), content: z.string(), ttl: z.number() }));

/**
 * @param name of the record. @param env with CLOUDFLARE_API_TOKEN, a token that may edit the zone's records; CLOUDFLARE_BASE_URL, as
 *   Cloudflare's own programs have it, names another server. @throws Error that says what to set.
 */
export function cloudflareRecord(zoneId: string, name: string, env: NodeJS.ProcessEnv): AddressRecord {
  const token = env.CLOUDFLARE_API_TOKEN;
  if (!token)
    throw new Error(
      'CLOUDFLARE_API_TOKEN is not set: set it to a token that may edit the DNS records of the zone, as for pulumi up',
    );
  const records = `${env.CLOUDFLARE_BASE_URL ?? API}/zones/${zoneId}/dns_records`;

  async function ask(url: string, change?: object): Promise<unknown> {
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(change && { method: 'PATCH', body: JSON.stringify(change) }),
    }).catch((error: Error) => {
      throw new Error(`Cloudflare cannot be reached: ${(error.cause as Error | undefined)?.message ?? error.message}`);
    });
    const said = (await answer.json().catch(() => ({}))) as { result?: unknown; errors?: { message: string }[] };
    if (answer.ok) return said.result;
    const why = said.errors?.map(({ message }) => message).join('; ') || 'it does not say why';
    throw new Error(`Cloudflare answered ${answer.status} for ${name}: ${why}`);
  }

  async function find() {
    const found = RECORDS.parse(await ask(`${records}?type=A&name=${encodeURIComponent(name)}`));
    const [record, ...others] = found;
    if (!record || others.length > 0)
      throw new Error(`${name} has ${found.length} address records at Cloudflare: it must have one`);
    return record;
  }

  return {
    read: async () => {
      const { content, ttl } = await find();
      return { address: content, ttl };
    },
    write: async (address) => void (await ask(`${records}/${(await find()).id}`, { content: address, ttl: TTL })),
  };
}
