// `ops db activity`, `db end`: what the database is doing, and who waits for whom.
import { Command, InvalidArgumentError } from 'commander';
import { withConnection } from '../provisioning/database/connect.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

interface Session {
  pid: number;
  role: string;
  program: string;
  state: string;
  seconds: number;
  blockedBy: number[];
  statement: string;
}

const MOST_SHOWN = 15;
/** A transaction that is open as long as this holds back others, and the removal of old rows. */
const LONG_S = 60;

/**
 * A statement's text may hold a password, or what a tenant has sent: what is quoted is left out, and control characters. A comment, a
 * backslash or a quoted name may hide where a quote ends: then everything from the first quote on is left out.
 */
const SESSIONS = `
  select pid, usename as role, application_name as program, state,
    extract(epoch from clock_timestamp() - coalesce(xact_start, query_start))::int as seconds,
    pg_blocking_pids(pid) as "blockedBy", regexp_replace(
      regexp_replace(left(query, 2000), case when query ~ '["\\\\]|--|/[*]' then '''.*' else '''([^'']|'''')*(''|$)' end
        || '|\\$([A-Za-z_]\\w*)?\\$.*', '''…''', 'g'),
      '[[:cntrl:][:space:]]+', ' ', 'g') as statement
  from pg_stat_activity
  where backend_type = 'client backend' and datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'
  order by cardinality(pg_blocking_pids(pid)) desc, xact_start limit ${MOST_SHOWN}`;

const CONNECTIONS = `
  select count(*)::int as used, current_setting('max_connections')::int as most,
    count(*) filter (where state = 'idle in transaction')::int as idle
  from pg_stat_activity where backend_type = 'client backend'`;

/** Shows connections, open transactions and who waits for whom. */
export const activityCommand = () =>
  withTarget(new Command('activity'))
    .description(
      'open transactions, who waits for whom, and how many connections are in use; exit code 1 if somebody waits',
    )
    .action(async (options: TargetOptions) => {
      await withConnection(findPlace(options).database, async (client) => {
        const { rows } = await client.query<{ used: number; most: number; idle: number }>(CONNECTIONS);
        const { used, most, idle } = rows[0]!;
        console.log(`${used} of ${most} connections in use, ${idle} idle in a transaction`);
        const sessions = (await client.query<Session>(SESSIONS)).rows;
        for (const session of sessions) console.log(describe(session));
        if (sessions.length === 0) console.log('no statement is running, no transaction is open');
        const blocked = sessions.filter(({ blockedBy }) => blockedBy.length > 0);
        const waitedFor = new Set(blocked.flatMap(({ blockedBy }) => blockedBy));
        // Those at the head of a queue wait for nobody.
        const heads = [...waitedFor].filter((pid) => !blocked.some((session) => session.pid === pid));
        for (const pid of heads) console.log(`${pid} holds up others: end it with npm run ops -- db end ${pid}`);
        if (blocked.length > 0 || used >= most * 0.9) process.exitCode = 1;
      });
    });

function describe({ pid, role, program, state, seconds, blockedBy, statement }: Session): string {
  const wait = blockedBy.length > 0 ? `, waits for ${blockedBy.join(', ')}` : '';
  const long = seconds >= LONG_S ? ', LONG' : '';
  return `${pid} ${role}${program ? ` (${program})` : ''}: ${state} for ${seconds} s${long}${wait}\n    ${statement.slice(0, 76)}`;
}

/** Ends one connection. */
export const endCommand = () =>
  withTarget(new Command('end'))
    .description('end one connection to the database: its transaction is undone, its program connects again')
    .argument('<pid>', 'its number in "db activity"', (text: string) => {
      if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('Give the number that "db activity" shows.');
      return Number(text);
    })
    .action(async (pid: number, options: TargetOptions) => {
      await withConnection(findPlace(options).database, async (client) => {
        const { rows } = await client.query<{ ended: boolean }>(
          `select pg_terminate_backend(pid) as ended from pg_stat_activity
           where pid = $1 and backend_type = 'client backend' and datname = current_database()`,
          [pid],
        );
        if (!rows[0]?.ended)
          throw new Error(`there is no connection ${pid} to this database any more: see "db activity"`);
        console.log(`${pid} is ended`);
      });
    });
