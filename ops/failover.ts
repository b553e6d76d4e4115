// `ops failover`: leads devices to the standby broker, and back.
import { Command, Option } from 'commander';
import { colorsFor } from '../bootstrap/colors.ts';
import { confirmTarget } from './confirm.ts';
import { type Environment, type Role, stackEnvironment } from './failover/environment.ts';
import { whyNotServing } from './failover/probe.ts';
import { stepsTo } from './failover/steps.ts';
import { findTarget, targetOption } from './target/find.ts';

interface Options {
  target: string;
  to?: Role;
  confirm?: string;
}

const ROLES = ['primary', 'standby'] as const;

/** The `failover` command. */
export function failoverCommand(): Command {
  return new Command('failover')
    .description("lead devices to the other broker machine, by the broker's name; without --to, say how things are")
    .addOption(targetOption().makeOptionMandatory())
    .addOption(new Option('--to <machine>', 'the machine that gets the name').choices(ROLES))
    .option('--confirm <target>', 'the name of the target, instead of typing it')
    .addHelpText(
      'after',
      `
It changes the record of the broker's name at Cloudflare, whose lifetime is 60 s
where there is a standby, and the key activeBroker of the stack's file, which you
commit. Devices reconnect by the name. Ingest reads both brokers all the time:
what the other one holds is stored as soon as that one is back.
It moves no state from one broker to the other: a device starts with an empty
session there, and gets its desired state again. docs/runbooks/broker-failover.md

Interrupted, it goes on where it was when it is run again. Going back is the
same, with --to primary.

It needs CLOUDFLARE_API_TOKEN, and DATABASE_URL with the database's administrator.

Examples:
  npm run ops -- failover --target prod
  npm run ops -- failover --to standby --target prod
  npm run ops -- failover --to primary --target prod --confirm prod

Exit codes: 0 done, or all is as it should be; 1 a step failed, or a machine does
not answer; 2 the command was not understood.`,
    )
    .action(async ({ target: name, to, confirm }: Options) => {
      const target = findTarget(name);
      if (target.kind !== 'stack')
        throw new Error(`${name} has one broker only: a standby is part of a stack in Azure`);
      const environment = stackEnvironment(target);
      if (!to) return show(environment);
      const line = (role: Role) => `the ${role} (${environment.machines[role].address})`;
      console.log(`This leads ${environment.brokerHost} from ${line(otherThan(to))} to ${line(to)}.`);
      await confirmTarget(name, confirm);
      await failOver(environment, to);
    });
}

/** Carries out the steps, and says what is left to a person. @throws Error of the step that failed. */
export async function failOver(environment: Environment, to: Role): Promise<void> {
  const colors = colorsFor(process.stdout);
  for (const { title, isDone, carryOut } of stepsTo(to, environment)) {
    const done = await isDone();
    if (!done) await carryOut();
    console.log(`${colors.green('✓')} ${title}${done ? colors.dim(' (unchanged)') : ''}`);
  }
  const { target, brokerHost, machines } = environment;
  const from = otherThan(to);
  console.log(`\nDevices reach the ${to} by ${brokerHost}. Commit Pulumi.${target}.yaml.`);
  if ((await whyNotServing(environment, from, machines[from].host)) === undefined)
    console.log(`The ${from} still answers. Devices that are connected to it stay: their readings are stored, but they get no commands.
To make them move: ssh azureuser@${machines[from].host} sudo systemctl restart mosquitto`);
  else console.log(`The ${from} does not answer: what it holds is stored when it is back.`);
}

async function show(environment: Environment): Promise<void> {
  const { target, brokerHost, machines, record } = environment;
  const { address, ttl } = await record.read();
  const active = ROLES.find((role) => machines[role].address === address);
  console.log(`${brokerHost} leads to ${active ? `the ${active}` : 'neither machine'}: ${address}, for ${ttl} s`);
  const configured = environment.configured();
  if (configured !== active)
    console.log(
      `Pulumi.${target}.yaml says ${configured}: a deployment leads it there. To make both agree: npm run ops -- failover --to ${active ?? configured} --target ${target}`,
    );
  let isWell = configured === active;
  for (const role of ROLES) {
    const { host, address: own } = machines[role];
    const why = await whyNotServing(environment, role, brokerHost);
    isWell &&= why === undefined;
    console.log(`${role}  ${host}  ${own}  ${why === undefined ? 'answers' : `takes no device: ${why}`}`);
  }
  if (!isWell) process.exitCode = 1;
}

const otherThan = (role: Role): Role => (role === 'primary' ? 'standby' : 'primary');
