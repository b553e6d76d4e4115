-- Backups: who may read everything for them, and what became of each. The program is ops/backup.

-- Reads every table and can change none. It bypasses row-level security: every table forces it, and a dump that policies filter is no
-- dump. Its password and LOGIN come from `npm run ops -- db login`.
do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'backup_reader') then
    create role backup_reader nologin inherit bypassrls;
  end if;
  grant pg_read_all_data to backup_reader;
exception when insufficient_privilege then
  raise exception 'role % may not make the role backup_reader: %', current_user, sqlerrm
    using hint = 'Run once as a superuser: CREATE ROLE backup_reader NOLOGIN INHERIT BYPASSRLS; GRANT pg_read_all_data TO backup_reader; '
      'then apply the migrations again.';
end
$$;
-- One run and its dump; a second run beside it is refused soon.
alter role backup_reader connection limit 4;
alter role backup_reader set default_transaction_read_only = on;

create table ingest.backups (
  id bigint generated always as identity primary key,
  -- A drill restores the backup of that name into a scratch database, and compares.
  kind text not null check (kind in ('backup', 'drill')),
  name text not null check (length(name) between 1 and 100),
  started_at timestamptz not null,
  ended_at timestamptz not null default clock_timestamp(),
  -- Of the object as it is stored, and of what it holds.
  bytes bigint check (bytes >= 0),
  rows bigint check (rows >= 0),
  -- What went wrong. Null: it was read back whole; of a drill: everything was equal.
  problem text check (length(problem) between 1 and 500)
);
create index backups_kind on ingest.backups (kind, ended_at desc);
alter table ingest.backups enable row level security;
alter table ingest.backups force row level security;
revoke all on ingest.backups from public, anon, authenticated, service_role;
comment on table ingest.backups is 'Backups of this database and restore drills, with their result; the objects are elsewhere.';

-- Notes a result. Four hundred days of them stay, and the newest good one of each kind.
create function ingest.record_backup(kind text, name text, started_at timestamptz, bytes bigint, rows bigint, problem text)
returns void language plpgsql security definer set search_path = ''
as $$
begin
  insert into ingest.backups (kind, name, started_at, bytes, rows, problem)
  values (record_backup.kind, left(record_backup.name, 100), record_backup.started_at, record_backup.bytes, record_backup.rows,
    left(nullif(record_backup.problem, ''), 500));
  delete from ingest.backups as b
  where b.ended_at < clock_timestamp() - interval '400 days'
    and b.id not in (select max(n.id) from ingest.backups as n where n.problem is null group by n.kind);
end
$$;

-- For monitoring, each name without its prefix; what never happened has none. `backup_size_ratio`: the newest good one's size to that of
-- the previous one.
create function ingest.backup_figures() returns jsonb
language sql stable security definer set search_path = ''
as $$
  with good as (
    select b.*, row_number() over (partition by b.kind order by b.ended_at desc, b.id desc) as age
    from ingest.backups as b where b.problem is null
  )
  select jsonb_strip_nulls(jsonb_build_object(
    'backup_last_success_timestamp_seconds', (select extract(epoch from g.ended_at) from good as g where g.kind = 'backup' and g.age = 1),
    'backup_bytes', (select g.bytes from good as g where g.kind = 'backup' and g.age = 1),
    'backup_size_ratio', (select round(n.bytes / nullif(o.bytes, 0)::numeric, 3) from good as n join good as o using (kind)
      where kind = 'backup' and n.age = 1 and o.age = 2),
    'backup_failing', (select (b.problem is not null)::int from ingest.backups as b where b.kind = 'backup'
      order by b.ended_at desc, b.id desc limit 1),
    'restore_drill_last_success_timestamp_seconds',
      (select extract(epoch from g.ended_at) from good as g where g.kind = 'drill' and g.age = 1),
    'restore_drill_failing', (select (b.problem is not null)::int from ingest.backups as b where b.kind = 'drill'
      order by b.ended_at desc, b.id desc limit 1)));
$$;

revoke execute on function ingest.record_backup(text, text, timestamptz, bigint, bigint, text), ingest.backup_figures() from public;
grant execute on function ingest.record_backup(text, text, timestamptz, bigint, bigint, text) to backup_reader;
grant execute on function ingest.backup_figures() to mqtt_ingest, backup_reader;
