// The database of a deployment: its schema and the platform's own sign-ins, set up by the user in DATABASE_URL.
import { applyMigrations } from '../../provisioning/database/apply.ts';
import { type DatabaseAccess, describeDatabase, withConnection } from '../../provisioning/database/connect.ts';
import { enterSignIns, type SignIns } from '../../provisioning/database/sign-ins.ts';
import { setRetention } from '../retention.ts';
import { assertIsOf, type DatabaseName } from '../target/database-url.ts';

/** Applies pending migrations. @throws Error that says what to do. */
export async function deploySchema(wanted: DatabaseName, env = process.env): Promise<void> {
  const database = adminOf(wanted, env);
  const { applied } = await applyMigrations(database, { log: (line) => console.log(line) });
  console.log(
    `${describeDatabase(database)}: ${applied.length === 0 ? 'up to date' : `${applied.length} migrations applied`}`,
  );
}

/** Lets the platform's roles and accounts sign in. @throws Error that says what to do. */
export async function deploySignIns(wanted: DatabaseName, env = process.env): Promise<void> {
  const database = adminOf(wanted, env);
  if (!env.DATABASE_SIGN_INS)
    throw new Error('DATABASE_SIGN_INS is not set: run pulumi up, which sets it and runs this');
  const signIns = JSON.parse(env.DATABASE_SIGN_INS) as SignIns;
  await withConnection(database, (client) => enterSignIns(client, signIns));
  console.log(
    `${describeDatabase(database)}: ${[...Object.keys(signIns.roles), ...signIns.accounts.map((a) => a.username)].join(', ')} may sign in`,
  );
}

/** For how long readings stay, and whether they are archived first. @throws Error that says what to do. */
export async function deployRetention(wanted: DatabaseName, env = process.env): Promise<void> {
  const database = adminOf(wanted, env);
  const { READINGS_DAYS: days, READINGS_ARCHIVE: archive } = env;
  if (archive !== 'on' && archive !== 'off')
    throw new Error('READINGS_ARCHIVE is not set: run pulumi up, which sets it and runs this');
  await withConnection(database, (client) => setRetention(client, { archive, ...(days && { days: Number(days) }) }));
  console.log(`${describeDatabase(database)}: readings stay ${days ?? 'as many days as before'}; archive: ${archive}`);
}

/** DATABASE_URL, if it is of that database. The CA is the one in the stack's configuration. */
function adminOf(wanted: DatabaseName, env: NodeJS.ProcessEnv): DatabaseAccess {
  const { DATABASE_URL: url, DATABASE_CA: ca } = env;
  if (!url) {
    throw new Error(
      `DATABASE_URL is not set: set it to the administrator's connection string for ${wanted.host}, then run pulumi up again. To do this part by hand instead: pulumi config set mqtt-saas:deployDatabase false --stack STACK`,
    );
  }
  assertIsOf(url, wanted, 'run pulumi up again');
  return { url, ...(ca && { ca }) };
}
