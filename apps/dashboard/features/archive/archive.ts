// The tenant's archive and its retention: what is there, and asking for it.
import { type Api, allRows, call, type FunctionRow, oneRow, type RowOf } from '../session/rows.ts';

export type Month = FunctionRow<'archived_months'>;

/** What is archived, the newest month first; a few hundred rows at most. For owners. @throws ApiError, as all below. */
export function archivedMonths(tenantId: string): Promise<Month[]> {
  return allRows((api: Api) => api.rpc('archived_months', { tenant_id: tenantId }), ['month.desc']);
}

const requests = (api: Api) => api.from('archive_requests').select('id,first_day,last_day,asked_at,made_at,ends_at');
export type Request = RowOf<typeof requests>;

/** The requests of which links are to be made or work, the newest first. For owners. */
export function archiveRequests(tenantId: string): Promise<Request[]> {
  return allRows((api: Api) => requests(api).eq('tenant_id', tenantId), ['asked_at.desc', 'id']);
}

const links = (api: Api) => api.from('archive_links').select('name,day,rows,bytes,url,ends_at');
export type ArchiveLink = RowOf<typeof links>;

/** The links of a request, at most 1,000. For owners. */
export function archiveLinks(requestId: string): Promise<ArchiveLink[]> {
  return allRows((api: Api) => links(api).eq('request_id', requestId), ['day', 'name']);
}

/** Has links made to the files of these days. @param firstDay such as 2026-09-01. */
export const askArchive = (tenantId: string, firstDay: string, lastDay: string): Promise<string> =>
  call('ask_archive', { tenant_id: tenantId, first_day: firstDay, last_day: lastDay });

/** `days` null: readings stay. `most`: what the operator allows, null: any number. */
export type Retention = { [Column in keyof InForce]: InForce[Column] | (Column extends 'archived' ? never : null) };
type InForce = FunctionRow<'tenant_retention'>;

/** For how long readings stay. For every member. */
export function retention(tenantId: string): Promise<Retention | undefined> {
  return oneRow((api: Api) => api.rpc('tenant_retention', { tenant_id: tenantId }));
}

export type Preview = FunctionRow<'try_retention'>;

/** What fewer days would take out. */
export function tryRetention(tenantId: string, days: number): Promise<Preview | undefined> {
  return oneRow((api: Api) => api.rpc('try_retention', { tenant_id: tenantId, days }));
}

/** Chooses the days. @param name the tenant's, typed by the owner, where the days become fewer. @returns the day from which it counts. */
export const chooseRetention = (tenantId: string, days: number, name?: string): Promise<string> =>
  call('choose_retention', { tenant_id: tenantId, days, ...(name !== undefined && { name }) });
