// `ops deploy`: what `pulumi up` runs to bring code to where it runs.
import { Command, Option } from 'commander';
import { type AppPackage, deployFunctions } from './deploy/functions.ts';

/** The `deploy` command. */
export function deployCommand(): Command {
  return new Command('deploy').description('bring code to where it runs, as pulumi up does').addCommand(functions());
}

function functions(): Command {
  return new Command('functions')
    .description('deploy a package to the Function App, with the sign-in of the Azure CLI')
    .requiredOption('--subscription <id>', 'the subscription the app is in')
    .requiredOption('--resource-group <name>', 'the resource group the app is in')
    .requiredOption('--app <name>', 'the Function App')
    .addOption(new Option('--package <file>', 'the package, a .zip').env('FUNCTIONS_PACKAGE').makeOptionMandatory())
    .addHelpText('after', '\nExample: the line that pulumi up runs, see components/function-deployment.ts')
    .action((options: AppPackage) => deployFunctions(options));
}
