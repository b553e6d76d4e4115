// Databases as they are found: what their owner made in the schema public, and what the old ingest says for each message. Add a row for
// a shape that is not here.

/** One database. */
export interface Shape {
  name: string;
  /** Run by the owner, `postgres`. The server has the roles old_ingest, old_owner and "Old Ingest", the database those of Supabase. */
  setup: string;
  /** Who the old ingest signs in as. */
  role: 'postgres' | 'old_ingest' | 'Old Ingest';
  /** The statements of one message. @param id of the message. */
  store(id: number): string[];
  /** Gives the ids of the stored messages; default: `payload_text` is the id. @param table telemetry, wherever it is, as SQL. */
  ids?(table: string): string;
  /** Further tables that must be moved. */
  extra?: string[];
  /** What must hold wherever the tables are. Each returns one row and column, true. */
  holds?: string[];
}

const INSERT = (id: number) => `insert into telemetry (topic, payload_text) values ('devices/a/x', '${id}')`;
const CREATE = 'create table if not exists telemetry (id bigserial primary key, topic text, payload_text text)';
/** As the old ingest of the usual environment, which makes sure of its table before each message. */
const ENSURE = (id: number) => [
  CREATE,
  'alter table telemetry add column if not exists received_at timestamptz default now()',
  'create unique index if not exists telemetry_payload on telemetry (payload_text)',
  INSERT(id),
];

export const SHAPES: Shape[] = [
  {
    name: 'a bigserial key, tenants and devices beside it, an ingest that makes sure of its table as the owner',
    setup: `
      create table public.tenants (id uuid primary key default gen_random_uuid(), name text unique);
      create table public.devices (id serial primary key, tenant_id uuid references public.tenants);
      create table public.telemetry (id bigserial primary key, tenant_id uuid references public.tenants, topic text, payload_text text);
      insert into public.tenants (name) values ('a'), ('b');
      insert into public.devices (tenant_id) select id from public.tenants`,
    role: 'postgres',
    store: ENSURE,
  },
  {
    name: 'an identity key, always',
    setup: `create table public.telemetry (id bigint generated always as identity (start 100 increment 3) primary key, topic text, payload_text text);
      comment on table public.telemetry is 'of the plant''s'; comment on column public.telemetry.topic is 'MQTT'`,
    role: 'postgres',
    store: ENSURE,
  },
  {
    name: 'a uuid key, and an ingest that may insert and no more',
    setup: `create table public.telemetry (id uuid primary key default gen_random_uuid(), topic text not null, payload_text text);
      grant insert (topic, payload_text) on public.telemetry to old_ingest`,
    role: 'old_ingest',
    store: (id) => [INSERT(id)],
  },
  {
    name: 'an ingest that may create in public as everybody could before Postgres 15',
    setup: `grant create on schema public to public;
      create table public.telemetry (id bigserial primary key, topic text, payload_text text);
      grant insert on public.telemetry to old_ingest; grant usage on sequence public.telemetry_id_seq to old_ingest`,
    role: 'old_ingest',
    store: (id) => [CREATE, INSERT(id)],
  },
  {
    name: 'partitions by day, which the ingest makes',
    setup: `create table public.telemetry (id bigserial, received_at timestamptz not null default now(), topic text, payload_text text,
        primary key (id, received_at)) partition by range (received_at);
      create table public.telemetry_old partition of public.telemetry for values from ('2020-01-01') to ('2021-01-01');
      create table public.telemetry_rest partition of public.telemetry default;
      create index on public.telemetry (topic)`,
    role: 'postgres',
    store: (id) => [
      `create table if not exists telemetry_2021 partition of telemetry for values from ('2021-01-01') to ('2022-01-01')`,
      INSERT(id),
    ],
  },
  {
    name: 'foreign keys into it and out of it',
    setup: `create table public.tenants (id int primary key, name text);
      create table public.telemetry (id bigserial primary key, tenant_id int not null default 1 references public.tenants on delete cascade deferrable,
        topic text, payload_text text);
      create table public.alert_events (id serial primary key, telemetry_id bigint references public.telemetry on delete set null);
      create table public.alerts (id serial primary key, event_id int references public.alert_events);
      insert into public.tenants values (1, 'a')`,
    role: 'postgres',
    store: (id) => [
      INSERT(id),
      `insert into alert_events (telemetry_id) select id from telemetry where payload_text = '${id}'`,
    ],
    holds: ['select count(*) = (select count(telemetry_id) from public.alert_events) from public.alert_events'],
  },
  {
    name: 'views and a materialized view on it, one of a name that the platform needs, and a rule',
    setup: `create schema reports;
      create table public.telemetry (id bigserial primary key, topic text, payload_text text);
      create view public.newest as select * from public.telemetry order by id desc limit 10;
      create view public.devices with (security_invoker = true) as select distinct split_part(topic, '/', 2) as id from public.telemetry;
      create view reports.by_device as select d.id, count(*) as n from public.devices as d join public.newest as t on t.topic like '%' || d.id || '%' group by 1;
      create materialized view public.hourly as select topic, count(*) as n from public.telemetry group by 1;
      create unique index on public.hourly (topic);
      create rule no_delete as on delete to public.telemetry do instead nothing;
      grant select on public.newest, public.devices to anon`,
    role: 'postgres',
    store: ENSURE,
    holds: ['select n > 0 from reports.by_device', 'select count(*) > 0 from public.newest'],
  },
  {
    name: 'generated columns, expression and partial indexes, statistics, checks, storage settings',
    setup: `create function public.plain(text) returns text language sql immutable return lower($1);
      create table public.telemetry (id bigserial primary key, topic text collate "C" check (topic <> ''), payload_text text not null,
        device text generated always as (split_part(topic, '/', 2)) stored, plain text generated always as (public.plain(topic)) stored,
        constraint tenants_slug_key unique (payload_text)) with (fillfactor = 80);
      create index telemetry_expr on public.telemetry (public.plain(topic)) include (payload_text) where payload_text is not null;
      create statistics public.telemetry_stats on topic, payload_text from public.telemetry;
      alter table public.telemetry alter column topic set statistics 500, alter column payload_text set storage external;
      alter table public.telemetry replica identity using index tenants_slug_key`,
    role: 'postgres',
    store: (id) => [INSERT(id)],
  },
  {
    name: 'functions that return its rows and name tables in their text, and triggers',
    setup: `create table public.tenants (id serial primary key, name text, "Count" int default 0);
      create table public.telemetry (id bigserial primary key, topic text, payload_text text);
      insert into public.tenants (name) values ('a');
      create function public.recent(n int) returns setof public.telemetry language sql stable as $$ select * from public.telemetry order by id desc limit n $$;
      create function public.recent_bare(n int) returns setof telemetry language plpgsql as $f$ begin return query select * from telemetry limit n; end $f$;
      create function public.atomic() returns bigint language sql begin atomic select count(*) from public.telemetry; end;
      create function public.my_tenants() returns setof public.tenants language sql security definer set search_path = '' as 'select * from public.tenants';
      create function public.count_up() returns trigger language plpgsql security definer as $$
        begin update "public"."tenants" set "Count" = "Count" + 1; return new; end $$;
      create trigger count_up after insert on public.telemetry for each row execute function public.count_up()`,
    role: 'postgres',
    store: ENSURE,
    holds: [
      'select count(*) > 0 from public.recent(5)',
      'select count(*) > 0 from public.recent_bare(5)',
      'select public.atomic() > 0',
    ],
  },
  {
    name: 'types of the names of tables, and a routine of one of a function',
    setup: `create type public.alerts as enum ('low', 'high');
      create domain public.devices as text check (value <> '');
      create type public.tenants as (id int, name text);
      create function public.create_tenant(a text, b text) returns text language sql return a || b;
      create sequence public.dead_letters_id_seq;
      create table public.telemetry (id bigserial primary key, topic text, payload_text text, level public.alerts default 'low', device public.devices,
        tenant public.tenants, n bigint default nextval('public.dead_letters_id_seq'))`,
    role: 'postgres',
    store: ENSURE,
  },
  {
    name: "a table that another role owns, with that role's grants",
    setup: `grant create on schema public to old_ingest;
      create table public.telemetry (id bigserial primary key, topic text, payload_text text);
      alter table public.telemetry owner to old_owner;
      grant insert, select on public.telemetry to old_ingest with grant option;
      grant usage on sequence public.telemetry_id_seq to old_ingest`,
    role: 'old_ingest',
    store: (id) => [CREATE, INSERT(id)],
  },
  {
    name: 'quoted names',
    setup: `create table public."Telemetry" (x int);
      create table public.telemetry ("Id" bigserial constraint "Odd Key" primary key, "Topic" text, "pay""load" text);
      create index "Odd Index" on public.telemetry ("Topic");
      create function public."On Insert"() returns trigger language plpgsql as 'begin return new; end';
      create trigger "Odd Trigger" before insert on public.telemetry for each row execute function public."On Insert"();
      grant insert on public.telemetry to "Old Ingest"; grant usage on sequence public."telemetry_Id_seq" to "Old Ingest"`,
    role: 'Old Ingest',
    store: (id) => [`insert into "telemetry" ("Topic", "pay""load") values ('a', '${id}')`],
    ids: (table) => `select "pay""load"::int as id from ${table}`,
  },
  {
    name: 'row-level security forced, publications of it and of all of public',
    setup: `create table public.tenants (id uuid primary key);
      create table public.telemetry (id bigserial primary key, topic text, payload_text text);
      alter table public.telemetry enable row level security; alter table public.telemetry force row level security;
      create policy write on public.telemetry for insert to old_ingest with check (topic <> 'secret');
      create policy read on public.telemetry for select to authenticated, anon using (exists (select from public.tenants));
      grant insert on public.telemetry to old_ingest; grant usage on sequence public.telemetry_id_seq to old_ingest;
      grant select on public.telemetry, public.tenants to anon, authenticated;
      create publication supabase_realtime for table public.telemetry;
      create publication warehouse for tables in schema public;
      create publication everything for all tables`,
    role: 'old_ingest',
    store: (id) => [INSERT(id)],
    holds: [
      "select count(*) = 3 from pg_publication_tables where tablename = 'telemetry' and attnames[1] = 'id' and attnames[3] = 'payload_text'",
    ],
  },
  {
    name: 'a role with a search_path of its own in this database',
    setup: `do $$ begin execute format('alter role old_ingest in database %I set search_path = public, "$user"', current_database()); end $$;
      create table public.telemetry (id bigserial primary key, topic text, payload_text text);
      grant create on schema public to old_ingest;
      grant insert on public.telemetry to old_ingest; grant usage on sequence public.telemetry_id_seq to old_ingest`,
    role: 'old_ingest',
    store: (id) => [CREATE, INSERT(id)],
  },
  {
    name: 'a second table that the ingest makes sure of, and heirs',
    setup: `create table public.telemetry (id bigserial primary key, topic text, payload_text text);
      create table public.telemetry_alarms (level int) inherits (public.telemetry);
      create unlogged table public.last_seen (topic text primary key, at timestamptz);`,
    role: 'postgres',
    store: (id) => [
      'create table if not exists last_seen (topic text primary key, at timestamptz)',
      `insert into last_seen values ('${id % 3}', now()) on conflict (topic) do update set at = now()`,
      INSERT(id),
    ],
    extra: ['last_seen'],
  },
];
