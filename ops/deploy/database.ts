// The database of a deployment: its schema and the platform's own sign-ins, entered by whom DATABASE_URL names.
import { applyMigrations } from '../../provisioning/database/apply.ts';
import { describeUrl, withConnection } from '../../provisioning/database/connect.ts';
import { enterSignIns, type SignIns } from '../../provisioning/database/sign-ins.ts';

/** The database that the stack's configuration names. */
export interface Target {
  host: string;
  database: string;
  /** Supabase's project, which its pooler finds by the user name's ending. */
  projectRef?: string;
}

/** Applies the migrations that the database has not had. @throws Error that says what to do. */
export async function deploySchema(target: Target, env = process.env): Promise<void> {
  const url = adminUrl(target, env);
  const { applied } = await applyMigrations(url, { log: (line) => console.log(line) });
  console.log(`${describeUrl(url)}: ${applied.length === 0 ? 'up to date' : `${applied.length} migrations applied`}`);
}

/** Lets the platform's roles and accounts sign in. @throws Error that says what to do. */
export async function deploySignIns(target: Target, env = process.env): Promise<void> {
  const url = adminUrl(target, env);
  if (!env.DATABASE_SIGN_INS)
    throw new Error('DATABASE_SIGN_INS is not set: run pulumi up, which sets it and runs this');
  const signIns = JSON.parse(env.DATABASE_SIGN_INS) as SignIns;
  await withConnection(url, (client) => enterSignIns(client, signIns));
  console.log(
    `${describeUrl(url)}: ${[...Object.keys(signIns.roles), ...signIns.accounts.map((a) => a.username)].join(', ')} may sign in`,
  );
}

/** DATABASE_URL, when it is of that database: it may still be another environment's. */
function adminUrl({ host, database, projectRef }: Target, env: NodeJS.ProcessEnv): string {
  const url = env.DATABASE_URL;
  if (!url) {
    throw new Error(
      `DATABASE_URL is not set: set it to the connection string of the administrator of ${host}, then pulumi up again. Who does this part by hand: pulumi config set mqtt-saas:deployDatabase false --stack STACK`,
    );
  }
  const { hostname, pathname, username } = URL.parse(url) ?? {};
  const isThat =
    hostname?.toLowerCase() === host &&
    pathname === `/${database}` &&
    (projectRef === undefined || username?.endsWith(`.${projectRef}`));
  if (isThat) return url;
  const wanted = [
    `host ${host}`,
    `database ${database}`,
    ...(projectRef ? [`a user name that ends with .${projectRef}`] : []),
  ];
  throw new Error(
    `DATABASE_URL is of another database (${describeUrl(url)}); this stack's has ${wanted.join(', ')}. ` +
      'Set it to the connection string of that one, or correct databaseHost, databaseName or databaseProjectRef in the stack file, then pulumi up again',
  );
}
