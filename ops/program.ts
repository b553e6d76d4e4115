// The operator's commands as one program.
import { Command, CommanderError } from 'commander';

type Load = () => Promise<Command>;

/** By name. Each is loaded when it is run: all of them take 40 MiB more than one, and twice the time. */
const COMMANDS: Readonly<Record<string, Load>> = {
  accounts: async () => (await import('./rotate.ts')).accountsCommand(),
  adopt: async () => (await import('./adopt.ts')).adoptCommand(),
  archive: async () => (await import('./archive.ts')).archiveCommand(),
  backup: async () => (await import('./backup.ts')).backupCommand(),
  certificate: async () => (await import('./certificate.ts')).certificateCommand(),
  compose: async () => (await import('./compose.ts')).composeCommand(),
  cost: async () => (await import('./cost.ts')).costCommand(),
  db: async () => (await import('./db.ts')).dbCommand(),
  deploy: async () => (await import('./deploy.ts')).deployCommand(),
  device: async () => (await import('./device.ts')).deviceCommand(),
  'dead-letters': async () => (await import('./dead-letters.ts')).deadLettersCommand(),
  failover: async () => (await import('./failover.ts')).failoverCommand(),
  invite: async () => (await import('./invite.ts')).inviteCommand(),
  limit: async () => (await import('./limit.ts')).limitCommand(),
  maintenance: async () => (await import('./maintenance.ts')).maintenanceCommand(),
  person: async () => (await import('./delete.ts')).personCommand(),
  reader: async () => (await import('./reader.ts')).readerCommand(),
  render: async () => (await import('./render.ts')).renderCommand(),
  restore: async () => (await import('./backup.ts')).restoreCommand(),
  'restore-drill': async () => (await import('./backup.ts')).restoreDrillCommand(),
  retention: async () => (await import('./retention.ts')).retentionCommand(),
  rotate: async () => (await import('./rotate.ts')).rotateCommand(),
  tenant: async () => (await import('./tenant.ts')).tenantCommand(),
  usage: async () => (await import('./usage.ts')).usageCommand(),
  daily: async () => (await import('./daily.ts')).dailyCommand(),
  weekly: async () => (await import('./daily.ts')).weeklyCommand(),
  monthly: async () => (await import('./daily.ts')).monthlyCommand(),
};

/**
 * Runs a command. What it prints goes to this process's streams.
 * @param args as after `npm run ops --`. @returns the exit code: 0 done, 1 failed, 2 not understood.
 */
export async function runCommand(args: string[]): Promise<number> {
  const named = args.find((word) => !word.startsWith('-')) ?? '';
  // Without one that there is, all of them: the help lists them, and a mistake gets the nearest name.
  const program = await makeProgram(Object.hasOwn(COMMANDS, named) ? [named] : undefined);
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { debug } = program.opts<{ debug?: true }>();
    console.error(debug ? error : `error: ${(error as Error).message}`);
    return 1;
  }
}

/** The program. @param names its commands; default: all. */
export async function makeProgram(names = Object.keys(COMMANDS)): Promise<Command> {
  const program = new Command('npm run ops --')
    .description('Operates a platform: its database, its devices and their messages.')
    .option('--debug', 'show stack traces')
    .addHelpText(
      'after',
      `
Examples:
  npm run ops -- db apply
  npm run ops -- device add acme sensor-1 --create-tenant
  npm run ops -- device list acme
  npm run ops -- dead-letters list
  npm run ops -- invite ann@example.com --tenant acme --role owner --create-tenant
  npm run ops -- device list acme --target dev
  npm run ops -- rotate ingest
  npm run ops -- certificate status --target prod

--target names the platform: local, local:NAME, compose:FOLDER, or a stack. Without it, a command works on the database in DATABASE_URL,
or else on the local platform. For a stack, the environment variable DATABASE_URL must give its database: docs/database.md
says how to keep its password to yourself.

Exit codes: 0 done, 1 failed, 2 the command was not understood.`,
    );
  for (const name of names) program.addCommand(await COMMANDS[name]!());
  inherit(program);
  return program;
}

/** Subcommands throw instead of ending the process, and show their help after a mistake, like the program itself. */
function inherit(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help shows how)');
  for (const child of command.commands) inherit(child);
}
