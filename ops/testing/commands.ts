// Runs ops commands as the program does, in the test's own process, on a database with two tenants.
import { Command, CommanderError } from 'commander';
import { vi } from 'vitest';
import { addDevice } from '../../provisioning/database/registry.ts';
import { startTestDatabase, type TestDatabase } from '../../provisioning/database/testing/database.ts';

/** How a command ended, and what it printed. */
export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Commands on a database of their own. */
export interface Commands {
  database: TestDatabase;
  ops(...args: string[]): Promise<Ended>;
  stop(): Promise<void>;
}

/** Starts the database. @param made makes the commands, again for each run. */
export async function startCommands(made: () => Command[]): Promise<Commands> {
  const database = await startTestDatabase();
  let printed: string[] = [];
  vi.stubEnv('DATABASE_URL', database.postgres.url);
  vi.spyOn(console, 'log').mockImplementation((line: string) => printed.push(line));
  for (const device of ['pump', 'fan']) await addDevice(database.admin, { tenant: 'acme', device, createTenant: true });
  await addDevice(database.admin, { tenant: 'globex', device: 'pump', createTenant: true });

  async function ops(...args: string[]): Promise<Ended> {
    printed = [];
    process.exitCode = undefined;
    let err = '';
    const program = new Command('ops').configureOutput({ writeErr: (text) => (err += text), writeOut: () => {} });
    for (const command of made()) program.addCommand(command);
    inherit(program, program);
    const code = await program.parseAsync(args, { from: 'user' }).then(
      () => Number(process.exitCode ?? 0),
      (error: Error) => {
        err += error.message;
        return error instanceof CommanderError ? 2 : 1;
      },
    );
    process.exitCode = undefined;
    return { code, out: printed.join('\n'), err };
  }

  return {
    database,
    ops,
    stop: async () => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
      process.exitCode = undefined;
      await database.stop();
    },
  };
}

function inherit(command: Command, program: Command): void {
  command.exitOverride().copyInheritedSettings(program);
  for (const child of command.commands) inherit(child, program);
}
