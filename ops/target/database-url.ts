// Checks whose database a connection string names: the one in the environment may belong to another environment.
import { addressOf, describeDatabase } from '../../provisioning/database/connect.ts';

/** The database in a stack's configuration. */
export interface DatabaseName {
  host: string;
  database: string;
  /** Supabase's project, which its pooler finds by the end of the user name. */
  projectRef?: string | undefined;
}

/** @param then what to do after setting DATABASE_URL. @throws Error that says which database it names, and what to do. */
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
