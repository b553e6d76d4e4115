// Where the database's backups and the archive of readings lie, if the configuration says who makes them.
import { BackupStore } from '../components/backup-store.ts';
import type { Placement } from '../components/placement.ts';
import type { StackConfig } from './configuration/parse.ts';
import { hasPurgeProtection } from './tables/secrets.ts';

/** As long as every backup stays: ops/backup/kept.ts. */
const IMMUTABLE_DAYS = 30;

/** Undefined without `backupRunner`. */
export const makeBackups = (
  { backupRunner, environment }: StackConfig,
  placement: Placement,
): BackupStore | undefined =>
  backupRunner === undefined
    ? undefined
    : new BackupStore('backups', {
        placement,
        runner: backupRunner,
        // An environment that is often deleted and made again must do without it.
        ...(hasPurgeProtection(environment) ? { immutableDays: IMMUTABLE_DAYS } : {}),
      });

/** Undefined without `archiveRunner`. Its objects can be deleted: a tenant's deletion reaches them. */
export const makeArchive = (
  { archiveRunner, archiveRedundancy }: StackConfig,
  placement: Placement,
): BackupStore | undefined =>
  archiveRunner === undefined
    ? undefined
    : new BackupStore('archive', {
        placement,
        purpose: 'archive',
        runner: archiveRunner,
        redundancy: archiveRedundancy,
      });
