// What a request may weigh, where the platform serves dashboard and API itself: on this machine and on premises.

/** Bytes of a body: the dashboard's own are a few kilobytes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** The largest body: an import of devices. The database takes 4 MiB of them; around them is the JSON that names the tenant. */
export const IMPORT = { path: '/rest/v1/rpc/import_devices', bodyBytes: 4 * 1024 * 1024 + 64 * 1024 } as const;

/** Bytes that the body of a request to a path may have. */
export const mostBodyBytes = (path: string): number => (path === IMPORT.path ? IMPORT.bodyBytes : MAX_BODY_BYTES);
