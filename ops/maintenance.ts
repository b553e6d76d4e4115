// `ops maintenance`: announces that somebody is working on the platform. It ends by itself.
import { hostname, userInfo } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import type { Client } from 'pg';
import { withConnection } from '../provisioning/database/connect.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

const DEFAULT_REASON = 'Maintenance: readings and alerts may come late.';

/** The `maintenance` command. */
export function maintenanceCommand(): Command {
  return new Command('maintenance')
    .description('announce that somebody is working on the platform: a banner, and no messages about alerts')
    .addHelpText(
      'after',
      `
While it is on, the dashboard shows everybody the reason and the end, signed in
or not, and messages about alerts wait; only Azure's alerts on metrics of the
machine are sent. Alerts are still opened and resolved. It ends by itself; 24
hours are the most. Devices are told nothing: they may read only topics of their
own, and what they send waits.

Examples:
  npm run ops -- maintenance on --for 2h --reason "A larger disk" --target prod
  npm run ops -- maintenance status --target prod
  npm run ops -- maintenance off --target prod`,
    )
    .addCommand(onCommand())
    .addCommand(offCommand())
    .addCommand(statusCommand());
}

function onCommand(): Command {
  return withTarget(new Command('on'))
    .description('from now on; while one is on, replace its reason and end')
    .option('--for <time>', 'how long at most: 30m, 2h', minutesOf, 60)
    .option('--reason <text>', 'what people read, at most 200 characters', reasonOf, DEFAULT_REASON)
    .action(async ({ for: minutes, reason, ...options }: TargetOptions & { for: number; reason: string }) => {
      await withConnection(findPlace(options).database, async (client) => {
        await client.query('select access.begin_maintenance($1, $2, $3)', [reason, minutes, operator()]);
        await show(client);
      });
    });
}

function offCommand(): Command {
  return withTarget(new Command('off'))
    .description('end it now')
    .action(async (options: TargetOptions) => {
      await withConnection(findPlace(options).database, async (client) => {
        const { rows } = await client.query<{ ended: boolean }>('select access.end_maintenance($1) as ended', [
          operator(),
        ]);
        console.log(rows[0]?.ended ? 'maintenance is off' : 'maintenance was off already');
      });
    });
}

function statusCommand(): Command {
  return withTarget(new Command('status'))
    .description('whether it is on, and the last ones')
    .action(async (options: TargetOptions) => {
      await withConnection(findPlace(options).database, async (client) => {
        await show(client);
        const { rows } = await client.query<{ from: Date; to: Date; by: string; reason: string }>(
          `select started_at as "from", ends_at as "to", started_by as by, reason from access.maintenance
           where ends_at <= clock_timestamp() order by id desc limit 5`,
        );
        for (const { from, to, by, reason } of rows)
          console.log(`before: ${moment(from)} to ${moment(to)}, ${by}: ${reason}`);
      });
    });
}

async function show(client: Client): Promise<void> {
  const { rows } = await client.query<{ reason: string; ends_at: Date }>('select * from public.maintenance()');
  const [current] = rows;
  console.log(
    current ? `maintenance is on until ${moment(current.ends_at)} UTC: ${current.reason}` : 'maintenance is off',
  );
}

const moment = (at: Date) => at.toISOString().slice(0, 16).replace('T', ' ');

/** Who does it, as this computer knows them. */
const operator = () => `${userInfo().username}@${hostname()}`.slice(0, 100);

function minutesOf(text: string): number {
  const [, number = '', unit] = /^([1-9]\d{0,3})([mh])$/.exec(text) ?? [];
  const minutes = Number(number) * (unit === 'h' ? 60 : 1);
  if (!unit || minutes > 1440) throw new InvalidArgumentError('Give minutes or hours, at most 24 hours: 30m, 2h.');
  return minutes;
}

function reasonOf(text: string): string {
  if (text.length > 200 || !/^[^\p{Cc}]+$/u.test(text)) {
    throw new InvalidArgumentError('Give 1 to 200 characters on one line.');
  }
  return text;
}
