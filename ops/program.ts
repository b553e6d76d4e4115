// The operator's commands, one file each, as one program.
import { Command, CommanderError } from 'commander';
import { adoptCommand } from './adopt.ts';
import { archiveCommand } from './archive.ts';
import { backupCommand, restoreCommand, restoreDrillCommand } from './backup.ts';
import { certificateCommand } from './certificate.ts';
import { composeCommand } from './compose.ts';
import { costCommand } from './cost.ts';
import { reportCommands } from './daily.ts';
import { dbCommand } from './db.ts';
import { deadLettersCommand } from './dead-letters.ts';
import { personCommand } from './delete.ts';
import { deployCommand } from './deploy.ts';
import { deviceCommand } from './device.ts';
import { inviteCommand } from './invite.ts';
import { limitCommand } from './limit.ts';
import { maintenanceCommand } from './maintenance.ts';
import { readerCommand } from './reader.ts';
import { renderCommand } from './render.ts';
import { retentionCommand } from './retention.ts';
import { accountsCommand, rotateCommand } from './rotate.ts';
import { tenantCommand } from './tenant.ts';
import { usageCommand } from './usage.ts';

/**
 * Runs a command. What it prints goes to this process's streams.
 * @param args as after `npm run ops --`. @returns the exit code: 0 done, 1 failed, 2 not understood.
 */
export async function runCommand(args: string[]): Promise<number> {
  const program = makeProgram();
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

/** The program with all its commands. */
export function makeProgram(): Command {
  const program = new Command('npm run ops --')
    .description('Operates a platform: its database, its devices and their messages.')
    .option('--debug', 'show stack traces')
    .addCommand(accountsCommand())
    .addCommand(adoptCommand())
    .addCommand(archiveCommand())
    .addCommand(backupCommand())
    .addCommand(certificateCommand())
    .addCommand(composeCommand())
    .addCommand(costCommand())
    .addCommand(dbCommand())
    .addCommand(deployCommand())
    .addCommand(deviceCommand())
    .addCommand(deadLettersCommand())
    .addCommand(inviteCommand())
    .addCommand(limitCommand())
    .addCommand(maintenanceCommand())
    .addCommand(personCommand())
    .addCommand(readerCommand())
    .addCommand(renderCommand())
    .addCommand(restoreCommand())
    .addCommand(restoreDrillCommand())
    .addCommand(retentionCommand())
    .addCommand(rotateCommand())
    .addCommand(tenantCommand())
    .addCommand(usageCommand())
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
  for (const command of reportCommands()) program.addCommand(command);
  inherit(program);
  return program;
}

/** Subcommands throw instead of ending the process, and show their help after a mistake, like the program itself. */
function inherit(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help shows how)');
  for (const child of command.commands) inherit(child);
}
