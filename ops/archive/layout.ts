// How the archive's objects are named: archive/tenant=<id>/day=<yyyy-mm-dd>/<checksum>.parquet. DuckDB reads tenant and day from the path.

/** Folder of all objects of a tenant. */
export const tenantFolder = (tenant: string) => `archive/tenant=${tenant}/`;

/** Folder of a tenant's objects of a day, `yyyy-mm-dd`. There is one, and one more for each time that late readings were archived. */
export const dayFolder = (tenant: string, day: string) => `${tenantFolder(tenant)}day=${day}/`;

/** The name says what is in it: the same rows have the same name. @param checksum of `ingest.archive_facts`. */
export const objectName = (tenant: string, day: string, checksum: string) =>
  `${dayFolder(tenant, day)}${checksum}.parquet`;
