// The two kinds of requests: a signed webhook (Standard Webhooks), and a chat gateway's own JSON, made from the channel's template.
import { createHmac } from 'node:crypto';
import * as z from 'zod';
import { KEY_HEADERS } from '../../domain/sealed-secrets.ts';

/** What opening a webhook's secrets must give. */
export const webhookSecrets = z.object({
  url: z.string().max(2_048),
  secret: z
    .string()
    .max(200)
    .regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/)
    .refine((text) =>
      [24, 64].every((bound, n) => (n === 0 ? keyOf(text).length >= bound : keyOf(text).length <= bound)),
    ),
});

/** What opening a chat gateway's secrets must give. */
export const chatSecrets = z.object({
  url: z.string().max(2_048),
  key: z.string().regex(/^[\x21-\x7e]{1,1000}$/),
  header: z.enum(KEY_HEADERS),
  group: z.string().max(500),
});

/** The signed request. @param id the same at each attempt: the receiver recognises a repeat by it. @param at Unix time in seconds. */
export function signWebhook(id: string, at: number, body: string, secret: string): Record<string, string> {
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${at}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` };
}

/** The gateway's key in its header. */
export const keyHeader = ({ header, key }: z.output<typeof chatSecrets>): Record<string, string> => ({
  [header]: header === 'authorization' ? `Bearer ${key}` : key,
});

/** The template with its marks replaced, in strings at any depth: the result is JSON whatever the values are. */
export function fillTemplate(template: unknown, values: Record<'text' | 'group' | 'id', string>): unknown {
  if (typeof template === 'string')
    return template.replace(/\{\{(text|group|id)\}\}/g, (_, name: keyof typeof values) => values[name]);
  if (Array.isArray(template)) return template.map((item) => fillTemplate(item, values));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([name, item]) => [name, fillTemplate(item, values)]));
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
}
