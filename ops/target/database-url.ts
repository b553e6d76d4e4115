// Whose database a connection string is of: the one in the environment may still be another environment's.
import { addressOf, describeDatabase } from '../../provisioning/database/connect.ts';

/** The database that a stack's configuration names. */
export interface DatabaseName {
  host: string;
  database: string;
  /** Supabase's project, which its pooler finds by the user name's ending. */
  projectRef?: string | undefined;
}

/** @param then what to do after DATABASE_URL is set right. @throws Error that says what it is of, and what to do. */
export function assertIsOf(url: string, { host, database, projectRef }: DatabaseName, then: string): void {
  const given = addressOf(url);
  const isThat =
    given.host.toLowerCase() === host &&
    given.database === database &&
    (projectRef === undefined || given.user.endsWith(`.${projectRef}`));
  if (isThat) return;
  const wanted = [
    `host ${host}`,
    `database ${database}`,
    ...(projectRef ? [`a user name that ends with .${projectRef}`] : []),
  ];
  throw new Error(
    `DATABASE_URL is of another database (${describeDatabase(url)}); this stack's has ${wanted.join(', ')}. ` +
      `Set it to that database's connection string, or correct databaseHost, databaseName or databaseProjectRef in the stack file, then ${then}`,
  );
}
