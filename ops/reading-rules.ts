// `ops device rules`: how the messages of a tenant, or of one device, are read.
import { Command, InvalidArgumentError } from 'commander';
import type { Client } from 'pg';
import { DEFAULT_RULES, MAX_REPEAT_MS, MAX_TIME_MEMBERS, TIME_MEMBERS_PATTERN } from '../domain/messages-limits.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

/** As the tenant has it, or the platform. Not null: the parser of options makes empty text of that. */
const DEFAULT = 'default';
type OrDefault<T> = T | typeof DEFAULT;

interface Rules {
  timeMembers?: OrDefault<string[]>;
  senml?: OrDefault<boolean>;
  repairsClock?: OrDefault<boolean>;
  repeatMs?: OrDefault<number>;
}

/** The `rules` command. */
export function rulesCommand(): Command {
  return withTarget(new Command('rules'))
    .description("show or set how messages are read: of all a tenant's devices, or of one")
    .argument('<tenant>', 'slug of the tenant')
    .argument('[device]', 'only this device; its rules go before those of the tenant')
    .option(
      '--time-members <names>',
      'members with the time of a reading without ts, such as Epoch,time',
      orDefault(names),
    )
    .option('--senml <yes|no>', 'whether arrays are SenML packs', orDefault(yesOrNo))
    .option('--repairs-clock <yes|no>', 'whether a time out of range gives way to that of receipt', orDefault(yesOrNo))
    .option(
      '--repeat-ms <ms>',
      'how soon after the previous message an equal one is a repeat; 0: never',
      orDefault(count),
    )
    .addHelpText(
      'after',
      `
Each option also takes "default". What is not named stays as it is.

Examples:
  npm run ops -- device rules acme
  npm run ops -- device rules acme --time-members Epoch,time --repairs-clock yes
  npm run ops -- device rules acme gateway-1 --senml yes --repeat-ms default`,
    )
    .action(async (tenant: string, device: string | undefined, options: TargetOptions & Rules) => {
      await withConnection(findPlace(options).database, async (client) => {
        console.log(describe(await changeRules(client, tenant, device, options)));
      });
    });
}

const orDefault =
  <T>(read: (value: string) => T) =>
  (value: string): OrDefault<T> =>
    value === DEFAULT ? value : read(value);

function names(value: string): string[] {
  const found = value === '' ? [] : value.split(',');
  if (found.length <= MAX_TIME_MEMBERS && TIME_MEMBERS_PATTERN.test(value)) return found;
  throw new InvalidArgumentError(
    `At most ${MAX_TIME_MEMBERS} names of letters, digits and "_.:@-", with commas between.`,
  );
}

function yesOrNo(value: string): boolean {
  if (value === 'yes' || value === 'no') return value === 'yes';
  throw new InvalidArgumentError('It is yes, no or default.');
}

function count(value: string): number {
  if (/^\d{1,5}$/.test(value) && Number(value) <= MAX_REPEAT_MS) return Number(value);
  throw new InvalidArgumentError(`It is a whole number from 0 to ${MAX_REPEAT_MS}, or default.`);
}

/** The columns, in the order of `Rules`. */
const COLUMNS = ['time_members', 'senml', 'repairs_clock', 'repeat_ms'];

/** Sets what is named, and returns what holds then. @throws Error when there is no such tenant or device. */
async function changeRules(client: Client, tenant: string, device: string | undefined, rules: Rules) {
  const given = [rules.timeMembers, rules.senml, rules.repairsClock, rules.repeatMs];
  const named = COLUMNS.filter((_, n) => given[n] !== undefined);
  const found = await client.query<{ t: string; d: string | null }>(
    `select t.id as t, d.id as d from public.tenants as t
     left join public.devices as d on d.tenant_id = t.id and d.slug = $2 where t.slug = $1`,
    [tenant, device ?? null],
  );
  const [ids] = found.rows;
  if (ids === undefined) throw new Error(`there is no tenant "${tenant}": see "tenant list"`);
  if (device !== undefined && ids.d === null)
    throw new Error(`there is no device "${tenant}.${device}": see "device list"`);
  if (named.length > 0) {
    await client.query(
      `insert into public.reading_rules (tenant_id, device_id, ${named})
       values ($1, $2, ${named.map((_, n) => `$${n + 3}`)})
       on conflict (tenant_id, device_id) do update set ${named.map((name) => `${name} = excluded.${name}`)}`,
      [
        ids.t,
        ids.d,
        ...given.filter((value) => value !== undefined).map((value) => (value === DEFAULT ? null : value)),
      ],
    );
  }
  const { rows } = await client.query<Record<string, unknown>>(
    `select ${COLUMNS.map((name) => `coalesce(own.${name}, every.${name}) as ${name}`)} from (select) as one
     left join public.reading_rules as own on own.tenant_id = $1 and own.device_id = $2
     left join public.reading_rules as every on every.tenant_id = $1 and every.device_id is null`,
    [ids.t, ids.d],
  );
  return rows[0] as {
    time_members: string[] | null;
    senml: boolean | null;
    repairs_clock: boolean | null;
    repeat_ms: number | null;
  };
}

function describe(rules: Awaited<ReturnType<typeof changeRules>>): string {
  const members = rules.time_members ?? DEFAULT_RULES.timeMembers;
  return [
    `time without ts  ${members.length > 0 ? members.join(', then ') : 'that of receipt'}`,
    `SenML arrays     ${rules.senml ? 'yes' : 'no'}`,
    `unset clocks     ${rules.repairs_clock ? 'the time of receipt' : 'refused'}`,
    `repeats          within ${rules.repeat_ms ?? DEFAULT_RULES.repeatMs} ms`,
  ].join('\n');
}
