// `ops device former-topic`: topics from before the platform that devices keep, each until a day.
import { join } from 'node:path';
import { Command } from 'commander';
import { ROOT } from '../bootstrap/root.mjs';
import { readProject } from '../preview/project.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import {
  endTopic,
  keepTopic,
  listFormerTopics,
  type SeenTopic,
  seenTopics,
} from '../provisioning/database/former-topics.ts';
import { adoption } from '../stacks/adoption/plan.ts';
import { NAMESPACE } from '../stacks/configuration/parse.ts';
import { day } from './day.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

interface DayOptions {
  until?: string;
  stack?: string;
  cwd: string;
}

/** The `former-topic` command. */
export function formerTopicCommand(): Command {
  return new Command('former-topic')
    .description('topics from before the platform that devices keep: docs/adoption.md')
    .addCommand(add())
    .addCommand(list())
    .addCommand(remove());
}

const withDay = (command: Command): Command =>
  command
    .option('--until <date>', 'the last day, in UTC (default: the gatewayUntil of --stack)', day)
    .option('--stack <name>', 'the adopted stack with that day')
    .option('--cwd <folder>', 'the folder that holds Pulumi.yaml', ROOT);

function add(): Command {
  return withDay(withTarget(new Command('add')))
    .description('let a device publish to a former topic, and below it, until a day; run it again to change the day')
    .argument('<tenant>', 'slug of the tenant')
    .argument('<device>', 'slug of the device')
    .argument('<topic>', 'its first two levels, such as devices/abc')
    .addHelpText(
      'after',
      `
Examples:
  npm run ops -- device former-topic add acme sensor-1 devices/abc --until 2027-03-31
  npm run ops -- device former-topic add acme sensor-1 device/abc --stack prod`,
    )
    .action(async (tenant: string, device: string, topic: string, options: TargetOptions & DayOptions) => {
      const until = lastDay(options);
      await withConnection(findPlace(options).database, (client) =>
        keepTopic(client, { tenant, device, topic, until }),
      );
      console.log(`device ${tenant}.${device}: may publish to ${topic} and below through ${until}`);
    });
}

function list(): Command {
  return withDay(withTarget(new Command('list')))
    .description('list former topics; with --from-table, the topics in an old table, with a command for each')
    .argument('[tenant]', "only this tenant's")
    .option('--from-table <schema.table>', 'such as postgres.telemetry; all of it is read')
    .option('--json', 'as JSON')
    .action(
      async (tenant: string | undefined, options: TargetOptions & DayOptions & { fromTable?: string; json?: true }) => {
        const { fromTable, json } = options;
        await withConnection(findPlace(options).database, async (client) => {
          if (fromTable !== undefined) {
            const seen = await seenTopics(client, fromTable);
            const until = options.until || options.stack ? lastDay(options) : 'DATE';
            return console.log(json ? JSON.stringify(seen, null, 2) : describeSeen(seen, until));
          }
          const topics = await listFormerTopics(client, tenant);
          if (json) return console.log(JSON.stringify(topics, null, 2));
          for (const { topic, tenant, device, until, inForce } of topics) {
            const name = `${tenant ?? '(removed)'} ${device ?? '(deleted)'}`;
            console.log(`${topic.padEnd(40)} ${name.padEnd(40)} ${inForce ? 'through' : 'ended  '} ${until}`);
          }
          console.log(topics.length === 1 ? '1 former topic' : `${topics.length} former topics`);
        });
      },
    );
}

function remove(): Command {
  return withTarget(new Command('remove'))
    .description('end a former topic now; messages that wait on the broker are still stored')
    .argument('<topic>', 'such as devices/abc')
    .option('--unused', 'nobody has ever published there: another tenant may have it at once')
    .action(async (topic: string, { unused, ...options }: TargetOptions & { unused?: true }) => {
      await withConnection(findPlace(options).database, (client) => endTopic(client, topic, unused));
      console.log(`${topic}: ended`);
    });
}

/** One line per topic: a command, or a comment that says why there is none. */
function describeSeen(seen: readonly SeenTopic[], until: string): string {
  const lines = seen.map(({ topic, rows, canBeKept, devices, isKept }) => {
    const [one, ...more] = devices;
    const seenOften = `# ${rows} rows`;
    const command = (who: string) =>
      `npm run ops -- device former-topic add ${who} ${topic} --until ${until}  ${seenOften}`;
    if (!canBeKept)
      return `# ${JSON.stringify(topic)}: not allowed as a former topic, its devices must change the topic  ${seenOften}`;
    if (isKept && one) return `# ${topic}: ${one.tenant} ${one.device} keeps it  ${seenOften}`;
    if (!one) return `# no device has this name: ${command('TENANT DEVICE')}`;
    if (more.length > 0) {
      const names = devices.map(({ tenant, device }) => `${tenant} ${device}`).join(', or ');
      return `# ${names}? ${command('TENANT DEVICE')}`;
    }
    return command(`${one.tenant} ${one.device}`);
  });
  return ['# Suggested by name only. Look at each line before you run it.', ...lines].join('\n');
}

/** @throws Error if neither option gives the day. */
function lastDay({ until, stack, cwd }: DayOptions): string {
  if (until !== undefined) return until;
  if (stack === undefined) throw new Error('until when? Give --until DATE, or --stack NAME of an adopted stack');
  const plan = adoption.safeParse(readProject(cwd, stack).config[`${NAMESPACE}:adoption`]).data;
  if (!plan)
    throw new Error(
      `${join(cwd, `Pulumi.${stack}.yaml`)} is not adopted, so it has no gatewayUntil: give --until DATE`,
    );
  return plan.gatewayUntil;
}
