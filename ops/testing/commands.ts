// Ops commands on a database with two tenants.
import { addDevice } from '../../provisioning/database/registry.ts';
import { startTestDatabase, type TestDatabase } from '../../provisioning/database/testing/database.ts';
import { type Ended, runOps } from './run.ts';

/** Commands on a database of their own. */
export interface Commands {
  database: TestDatabase;
  /** `out` and `err` without the last line's end, `err` also without `error: `. */
  ops(...args: string[]): Promise<Ended>;
  stop(): Promise<void>;
}

/** Starts the database. */
export async function startCommands(): Promise<Commands> {
  const database = await startTestDatabase();
  for (const device of ['pump', 'fan']) await addDevice(database.admin, { tenant: 'acme', device, createTenant: true });
  await addDevice(database.admin, { tenant: 'globex', device: 'pump', createTenant: true });
  const env = { DATABASE_URL: database.postgres.url };
  const ops = async (...args: string[]) => {
    const { out, err, ...ended } = await runOps(args, env);
    return { ...ended, out: out.trimEnd(), err: err.trimEnd().replace(/^error: /, '') };
  };
  return { database, ops, stop: () => database.stop() };
}
