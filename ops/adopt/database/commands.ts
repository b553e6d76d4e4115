// `adopt table-aside` and `adopt table-back`.
import { Command, InvalidArgumentError } from 'commander';
import { withConnection } from '../../../provisioning/database/connect.ts';
import { findPlace, type TargetOptions, withTarget } from '../../target/find.ts';
import { moveBack } from './aside.ts';
import { type FollowOptions, moveAndFollow } from './follow.ts';

export const tableCommands = (): Command[] => [
  withTarget(new Command('table-aside'))
    .description('move tables that conflict with the platform’s into a schema that the old ingest searches first')
    .requiredOption(
      '--role <role>',
      'the role that the old ingest signs in as; with Supabase’s pooler, only the part before the dot',
    )
    .option('--with <tables...>', 'further tables of the schema public to move')
    .option(
      '--unqualified',
      'do not check whether the old ingest’s SQL names the schema, because you know that it does not',
    )
    .option('--recycle', 'end idle connections of the role that are older than its new search_path')
    .option('--seconds <number>', 'how long to watch for its statements, and then for a reading; default: 90', positive)
    .addHelpText('after', '\nExample:\n  npm run ops -- adopt table-aside --role postgres --target dev')
    .action(async ({ with: extra, ...options }: TargetOptions & FollowOptions & { with?: string[] }) => {
      const log = (line: string) => console.error(line);
      const followed = await withConnection(findPlace(options).database, (client) =>
        moveAndFollow(client, { ...options, ...(extra && { extra }), log }),
      );
      console.log(`moved to ${followed.schema}:\n${followed.names.map((name) => `  ${name}\n`).join('')}`);
      tellLeft(followed.left, 'name what was moved; change them by hand');
      if (!followed.arrives) {
        throw new Error(
          'no reading has arrived in the moved tables. If you expected one: npm run ops -- adopt table-back',
        );
      }
      console.log('A reading has arrived since. Next: deploy phase 0');
    }),
  withTarget(new Command('table-back'))
    .description(`undo that; the platform's own tables are kept, and come back with table-aside`)
    .action(async (place: TargetOptions) => {
      const { names, left, broughtHome } = await withConnection(findPlace(place).database, moveBack);
      console.log(`public again:\n${names.map((name) => `  ${name}\n`).join('')}`);
      if (broughtHome > 0)
        console.log(`${broughtHome} readings from tables that the old ingest had made again were added to them`);
      tellLeft(left, 'were changed since they were adapted, and stay as they are');
    }),
];

function tellLeft(functions: string[], what: string): void {
  if (functions.length > 0) console.error(`warning: these functions ${what}:\n  ${functions.join('\n  ')}`);
}

function positive(text: string): number {
  const number = Number(text);
  if (number > 0) return number;
  throw new InvalidArgumentError('Give a number above 0.');
}
