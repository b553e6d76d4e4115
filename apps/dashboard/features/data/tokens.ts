// API tokens of a tenant: made here in the browser, so that only their hash leaves it.
import { type Api, allRows, COUNTED, call, type RowOf } from '../session/rows.ts';

const tokens = (api: Api) =>
  api.from('api_tokens').select('id,name,scopes,created_by,created_at,expires_at,last_used_at', COUNTED);
export type Token = RowOf<typeof tokens>;

export const SCOPES = { devices: 'Devices', telemetry: 'Readings', alerts: 'Alerts' } as const;
export type Scope = keyof typeof SCOPES;

/** How many a tenant may have; the database refuses more. */
export const MOST_TOKENS = 10;

/** Newest first. For owners. @throws ApiError, as below. */
export async function listTokens(tenantId: string): Promise<Token[]> {
  return allRows((api: Api) => tokens(api).eq('tenant_id', tenantId), ['created_at.desc', 'id']);
}

/** @returns the token, which cannot be read again. */
export async function createToken(tenantId: string, name: string, scopes: Scope[], days: number): Promise<string> {
  const token = `mst_${hex(crypto.getRandomValues(new Uint8Array(32)))}`;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)));
  await call('create_api_token', { tenant_id: tenantId, name, scopes, days, sha256: hex(hash) });
  return token;
}

/** It holds with the next request. */
export async function revokeToken({ id }: Pick<Token, 'id'>): Promise<void> {
  await call('revoke_api_token', { token_id: id });
}

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
