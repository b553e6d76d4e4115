// `ops deploy`: the commands with which `pulumi up` deploys database, dashboard and functions.
import { Command, Option } from 'commander';
import { type Asked, confirmConfiguration } from './deploy/configuration.ts';
import { deployDashboard, type Site } from './deploy/dashboard.ts';
import { deployRetention, deploySchema, deploySignIns } from './deploy/database.ts';
import { type AppPackage, deployFunctions } from './deploy/functions.ts';
import type { DatabaseName } from './target/database-url.ts';

/** The `deploy` command. */
export function deployCommand(): Command {
  return new Command('deploy')
    .description('bring code to where it runs, as pulumi up does')
    .addCommand(configuration())
    .addCommand(dashboard())
    .addCommand(functions())
    .addCommand(ofDatabase('schema', 'apply pending migrations', deploySchema))
    .addCommand(ofDatabase('sign-ins', "let the platform's roles and accounts sign in to the database", deploySignIns))
    .addCommand(
      ofDatabase('retention', 'say for how long readings stay, and whether they are archived', deployRetention),
    );
}

function ofDatabase(name: string, description: string, deploy: (database: DatabaseName) => Promise<void>): Command {
  return new Command(name)
    .description(`${description}, as the user in DATABASE_URL`)
    .requiredOption('--host <name>', "the database's host")
    .requiredOption('--database <name>', "the database's name")
    .option('--project-ref <letters>', 'the Supabase project')
    .addHelpText('after', '\nExample: the command that pulumi up runs, see components/database.ts')
    .action((database: DatabaseName) => deploy(database));
}

function configuration(): Command {
  return new Command('configuration')
    .description('confirm that the machine has a configuration bundle in force, with the sign-in of the Azure CLI')
    .requiredOption('--subscription <id>', 'the subscription the machine is in')
    .requiredOption('--resource-group <name>', 'the resource group the machine is in')
    .requiredOption('--machine <name>', 'the machine')
    .requiredOption('--run-command <name>', 'the run command that applied it')
    .addOption(new Option('--bundle <hash>', 'the bundle').env('BROKER_BUNDLE').makeOptionMandatory())
    .addHelpText('after', '\nExample: the line that pulumi up runs, see components/broker-configuration.ts')
    .action((asked: Asked) => confirmConfiguration(asked));
}

function dashboard(): Command {
  return new Command('dashboard')
    .description('build the dashboard and upload it to Cloudflare Pages, with the token in CLOUDFLARE_API_TOKEN')
    .requiredOption('--account <id>', "Cloudflare's id of the account")
    .requiredOption('--project <name>', 'the Pages project')
    .requiredOption('--branch <name>', "the project's production branch")
    .addHelpText('after', '\nThe site gets the variables SITE_... of this process, without SITE_.')
    .action((site: Site) => deployDashboard(site));
}

function functions(): Command {
  return new Command('functions')
    .description("deploy a package to the Function App, with the Azure CLI's sign-in")
    .requiredOption('--subscription <id>', "the app's subscription")
    .requiredOption('--resource-group <name>', "the app's resource group")
    .requiredOption('--app <name>', 'the Function App')
    .addOption(new Option('--package <file>', 'the package, a .zip').env('FUNCTIONS_PACKAGE').makeOptionMandatory())
    .addHelpText('after', '\nExample: the command that pulumi up runs, see components/function-deployment.ts')
    .action((options: AppPackage) => deployFunctions(options));
}
