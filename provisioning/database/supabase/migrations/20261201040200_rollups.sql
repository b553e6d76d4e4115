-- Roll-ups: what the numbers of a device were in each minute, hour and day, so that a chart of weeks or months need not read
-- every reading. A row takes as much room as one reading. Therefore a minute has one only from 20 readings on, an hour from 30; a
-- day always has.
--
-- Whatever span has no row is read from the readings: a roll-up makes a chart quick, it never decides what is in it.

create table public.telemetry_rollups (
  tenant_id uuid not null,
  device_id uuid not null,
  -- Seconds from `bucket` on; buckets are whole ones of UTC.
  step int not null check (step in (60, 3600, 86400)),
  bucket timestamptz not null,
  -- How many readings it is made of; those that come late are added.
  readings int not null,
  -- {"temperature": [how many, lowest, mean, highest, last]}, of at most 64 fields.
  fields jsonb not null,
  -- False when there were more fields, or lists of more than 16.
  is_whole boolean not null,
  primary key (tenant_id, device_id, step, bucket),
  foreign key (tenant_id, device_id) references public.devices (tenant_id, id) on delete cascade
);
-- For pruning. Equal entries share their key: a few bytes a row.
create index telemetry_rollups_age on public.telemetry_rollups (step, bucket);

alter table public.telemetry_rollups enable row level security;
alter table public.telemetry_rollups force row level security;
revoke all on public.telemetry_rollups from public, anon, authenticated, service_role;
grant select on public.telemetry_rollups to authenticated, service_role;
create policy members_select on public.telemetry_rollups for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy service_role_select on public.telemetry_rollups for select to service_role using (true);

-- How long the roll-ups of a step are kept: minutes as long as readings by default, the others longer.
create function access.rollup_retention(step int) returns interval
language sql immutable parallel safe
return case step when 60 then interval '30 days' when 3600 then interval '100 days' else interval '400 days' end;

-- Where, in the device's time, readings were stored that no roll-up has seen. Whole minutes, at most some fifteen spans.
alter table public.device_status add column unrolled tstzmultirange;

-- `fresh` has the spans of the readings that this transaction stored; for a while also those of earlier ones, which are then
-- rolled up again.
create function access.note_unrolled() returns trigger
language plpgsql set search_path = ''
as $$
begin
  if new.unrolled @> new.fresh then
    return new;
  end if;
  new.unrolled := coalesce(new.unrolled, '{}') + new.fresh;
  if pg_column_size(new.unrolled) > 256 then
    new.unrolled := tstzmultirange(range_merge(new.unrolled));
  end if;
  return new;
end
$$;
create trigger note_unrolled_new before insert on public.device_status for each row
  when (new.fresh is not null) execute function access.note_unrolled();
create trigger note_unrolled before update on public.device_status for each row
  when (new.fresh is not null and new.fresh_xid is distinct from old.fresh_xid) execute function access.note_unrolled();

-- What is to be rolled up, by device: spans of whole minutes, hours and days.
create table ingest.rollup_work (
  tenant_id uuid not null,
  device_id uuid not null,
  minutes tstzmultirange not null default '{}',
  hours tstzmultirange not null default '{}',
  days tstzmultirange not null default '{}',
  -- The end of the first bucket that is to be rolled up.
  due_at timestamptz not null,
  tried_at timestamptz not null default '-infinity',
  failures int not null default 0,
  primary key (tenant_id, device_id),
  foreign key (tenant_id, device_id) references public.devices (tenant_id, id) on delete cascade
) with (fillfactor = 50); -- Updated each minute or hour.
create index rollup_work_due on ingest.rollup_work (due_at);
alter table ingest.rollup_work enable row level security;
alter table ingest.rollup_work force row level security;
revoke all on ingest.rollup_work from public, anon, authenticated, service_role;

-- The whole buckets of `step` seconds that a span touches.
create function access.whole_buckets(span tstzrange, step int) returns tstzrange
language sql immutable parallel safe
return tstzrange(
  date_bin(make_interval(secs => step), lower(span), '1970-01-01T00:00Z'),
  date_bin(make_interval(secs => step), upper(span) - interval '1 microsecond', '1970-01-01T00:00Z') + make_interval(secs => step));

-- Many spans become one. A device may send late readings of every hour since 2000, and its row must stay small.
create function access.few_spans(spans tstzmultirange) returns tstzmultirange
language sql stable parallel safe
return case when pg_column_size(spans) > 4096 then tstzmultirange(range_merge(spans)) else spans end;

-- When the first bucket of the work ends, and a minute more for readings on their way.
create function access.rollup_due(minutes tstzmultirange, hours tstzmultirange, days tstzmultirange) returns timestamptz
language sql immutable parallel safe
return coalesce(least(
  lower(minutes) + interval '1 minute', lower(hours) + interval '1 hour', lower(days) + interval '1 day'
) + interval '1 minute', 'infinity');

-- Takes what ingest has noted over into the work, of at most `most` devices: each minute of devices that report every 3 seconds or
-- oftener, which have roll-ups a minute; of others once an hour. Short, because ingest may wait for these rows: while another run rolls one
-- of these devices up it takes nothing. Returns how many.
create function ingest.claim_rollups(most int) returns int
language plpgsql security definer set search_path = '' set lock_timeout = '300ms'
as $$
declare
  claimed int;
begin
  with due as (
    select s.tenant_id, s.device_id, s.unrolled, o.is_often
    from public.device_status as s
    cross join lateral (
      select coalesce(percentile_disc(0.5) within group (order by gap) <= 3, false) as is_often from unnest(s.gaps) as gap) as o
    where s.unrolled is not null
      and lower(s.unrolled) < now() - case when o.is_often then interval '2 minutes' else interval '1 hour 2 minutes' end
    order by s.tenant_id, s.device_id
    limit most
    for update of s skip locked
  ), taken as (
    update public.device_status as s set unrolled = null
    from due where s.tenant_id = due.tenant_id and s.device_id = due.device_id
  ), added as (
    insert into ingest.rollup_work as w (tenant_id, device_id, minutes, hours, due_at)
    select due.tenant_id, due.device_id, n.minutes, n.hours, access.rollup_due(n.minutes, n.hours, '{}')
    from due
    cross join lateral (
      select case when o.has_minutes then due.unrolled else '{}' end as minutes,
        case when o.has_minutes then '{}'
          else (select range_agg(access.whole_buckets(span, 3600)) from unnest(due.unrolled) as span) end as hours
      from (
        -- A device may have reported oftener before: the minutes that it has then are made again.
        select due.is_often or exists (
          select from unnest(due.unrolled) as span
          join public.telemetry_rollups as r on r.tenant_id = due.tenant_id and r.device_id = due.device_id and r.step = 60
            and r.bucket >= lower(span) and r.bucket < upper(span)) as has_minutes
      ) as o
    ) as n
    on conflict (tenant_id, device_id) do update set
      minutes = access.few_spans(w.minutes + excluded.minutes), hours = access.few_spans(w.hours + excluded.hours),
      due_at = access.rollup_due(w.minutes + excluded.minutes, w.hours + excluded.hours, w.days), failures = 0
    returning 1
  )
  select count(*) into claimed from added;
  return claimed;
exception when lock_not_available then
  return 0;
end
$$;

-- Devices with a bucket to roll up, at most `most`: each tenant's in turn, the one left longest first.
create function ingest.due_rollups(most int) returns table (tenant_id uuid, device_id uuid)
language sql stable security definer set search_path = ''
as $$
  select d.tenant_id, d.device_id
  from (
    select w.tenant_id, w.device_id, w.tried_at, row_number() over (partition by w.tenant_id order by w.tried_at, w.device_id) as turn
    from ingest.rollup_work as w where w.due_at <= now()
  ) as d
  order by d.turn, d.tried_at, d.tenant_id
  limit most;
$$;

-- Makes the roll-up of one bucket, also where there is one: of the next finer roll-ups, and of the readings where there are none. One that was
-- made of more readings stays: some of them are gone.
create function access.roll_up_bucket(tenant_id uuid, device_id uuid, step int, bucket timestamptz) returns void
language plpgsql set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  finer constant int := case roll_up_bucket.step when 86400 then 3600 when 3600 then 60 end;
  until constant timestamptz := roll_up_bucket.bucket + make_interval(secs => roll_up_bucket.step);
begin
  insert into public.telemetry_rollups as r (tenant_id, device_id, step, bucket, readings, fields, is_whole)
  with rolled as materialized (
    select f.bucket, f.readings, f.fields, f.is_whole from public.telemetry_rollups as f
    where f.tenant_id = roll_up_bucket.tenant_id and f.device_id = roll_up_bucket.device_id and f.step = finer
      and f.bucket >= roll_up_bucket.bucket and f.bucket < until
  ), raw as materialized (
    select t.ts, t.payload
    from unnest(tstzmultirange(tstzrange(roll_up_bucket.bucket, until)) - coalesce(
      (select range_agg(tstzrange(f.bucket, f.bucket + make_interval(secs => finer))) from rolled as f), '{}')) as gap
    cross join lateral (
      select t.ts, t.payload from public.telemetry as t
      where t.tenant_id = roll_up_bucket.tenant_id and t.device_id = roll_up_bucket.device_id
        and t.ts >= lower(gap) and t.ts < upper(gap)
      offset 0
    ) as t
  ), parts as (
    select e.key as field, (e.value ->> 0)::int as n, (e.value ->> 1)::float8 as low, (e.value ->> 2)::float8 as mean,
      (e.value ->> 3)::float8 as high, (e.value ->> 4)::float8 as last, f.bucket as at
    from rolled as f cross join lateral jsonb_each(f.fields) as e
    union all
    select v.field, 1, v.value, v.value, v.value, v.value, t.ts from raw as t
    cross join lateral access.numbers_of(t.payload) as v where v.value is not null
  ), found as (
    select p.field, sum(p.n) as n, min(p.low) as low, sum(p.mean * p.n) / sum(p.n) as mean, max(p.high) as high,
      (array_agg(p.last order by p.at desc))[1] as last
    from parts as p
    -- A finer roll-up without it may have left it out.
    where not exists (select from rolled as f where not f.is_whole and not f.fields ? p.field)
    group by p.field
  ), kept as (
    select jsonb_object_agg(k.field, jsonb_build_array(k.n, k.low, k.mean, k.high, k.last)) as fields
    from (
      -- Nine digits: more than anybody sees, and half the room.
      select f.field, f.n, f.low, f.high, f.last, case when f.mean = 0 then 0
        else trim_scale(round(f.mean::numeric, 8 - floor(log(abs(f.mean)))::int)) end as mean
      from found as f order by f.field limit 64
    ) as k
  ), counted as (
    select coalesce((select sum(f.readings) from rolled as f), 0) + (select count(*) from raw) as readings
  )
  select roll_up_bucket.tenant_id, roll_up_bucket.device_id, roll_up_bucket.step, roll_up_bucket.bucket, c.readings,
    coalesce(k.fields, '{}'), (select count(*) from found) <= 64 and not exists (select from rolled as f where not f.is_whole)
      -- Of a longer list access.numbers_of says nothing, and access.number_of does.
      and not exists (
        select from raw as t where jsonb_path_exists(t.payload,
          'strict $.* ? (@.size() > 16 || exists (@.* ? (@.size() > 16)) || exists (@[*] ? (@.size() > 16)))', silent => true))
  from kept as k cross join counted as c
  where c.readings >= case roll_up_bucket.step when 60 then 20 when 3600 then 30 else 1 end
  on conflict (tenant_id, device_id, step, bucket) do update
  set readings = excluded.readings, fields = excluded.fields, is_whole = excluded.is_whole
  where excluded.readings >= r.readings;
end
$$;

-- Rolls a device up: minutes, then hours, then days, from `most_ms` milliseconds on no further bucket. Returns how many buckets.
create function ingest.roll_up(tenant_id uuid, device_id uuid, most_ms int) returns int
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  steps constant int[] := '{60, 3600, 86400}';
  work ingest.rollup_work;
  pending tstzmultirange[];
  todo tstzmultirange;
  width interval;
  next timestamptz;
  rolled int := 0;
begin
  select w.* into work from ingest.rollup_work as w
  where w.tenant_id = roll_up.tenant_id and w.device_id = roll_up.device_id for update skip locked;
  if not found then
    return 0;
  end if;
  pending := array[work.minutes, work.hours, work.days];
  for n in 1..3 loop
    width := make_interval(secs => steps[n]);
    todo := pending[n] * tstzmultirange(tstzrange(null, date_bin(width, now() - interval '1 minute', '1970-01-01T00:00Z')));
    while not isempty(todo) and clock_timestamp() < now() + make_interval(secs => most_ms / 1000.0) loop
      -- A span of years may have few readings.
      select t.ts into next from public.telemetry as t
      where t.tenant_id = roll_up.tenant_id and t.device_id = roll_up.device_id and t.ts >= lower(todo) and t.ts < upper(todo)
      order by t.ts limit 1;
      next := date_bin(width, next, '1970-01-01T00:00Z');
      if next <@ todo then
        perform access.roll_up_bucket(roll_up.tenant_id, roll_up.device_id, steps[n], next);
        rolled := rolled + 1;
        if n < 3 then
          pending[n + 1] := pending[n + 1] + tstzmultirange(access.whole_buckets(tstzrange(next, next + width), steps[n + 1]));
        end if;
      end if;
      pending[n] := pending[n] - tstzmultirange(tstzrange(lower(todo), coalesce(next + width, upper(todo))));
      todo := todo * tstzmultirange(tstzrange(next + width, null));
      exit when next is null;
    end loop;
  end loop;
  if pending = array['{}', '{}', '{}']::tstzmultirange[] then
    delete from ingest.rollup_work as w where w.tenant_id = roll_up.tenant_id and w.device_id = roll_up.device_id;
  else
    update ingest.rollup_work as w
    set minutes = pending[1], hours = access.few_spans(pending[2]), days = access.few_spans(pending[3]), tried_at = clock_timestamp(),
      failures = 0,
      due_at = access.rollup_due(pending[1], pending[2], pending[3])
    where w.tenant_id = roll_up.tenant_id and w.device_id = roll_up.device_id;
  end if;
  return rolled;
end
$$;

-- Notes that a device could not be rolled up. The third time what was to be done is given up: charts read its readings there.
create function ingest.note_not_rolled_up(tenant_id uuid, device_id uuid) returns void
language sql security definer set search_path = ''
as $$
  delete from ingest.rollup_work as w
  where w.tenant_id = note_not_rolled_up.tenant_id and w.device_id = note_not_rolled_up.device_id and w.failures >= 2;
  update ingest.rollup_work as w set failures = w.failures + 1, tried_at = clock_timestamp(), due_at = now() + interval '10 minutes'
  where w.tenant_id = note_not_rolled_up.tenant_id and w.device_id = note_not_rolled_up.device_id;
$$;

-- Deletes at most `most` roll-ups that have been kept long enough. Returns how many.
create function ingest.prune_rollups(most int) returns int
language plpgsql security definer set search_path = ''
as $$
declare
  pruned int := 0;
  deleted int;
  one int;
begin
  foreach one in array '{60, 3600, 86400}'::int[] loop
    delete from public.telemetry_rollups as r where (r.tenant_id, r.device_id, r.step, r.bucket) in (
      select o.tenant_id, o.device_id, o.step, o.bucket from public.telemetry_rollups as o
      where o.step = one and o.bucket < now() - access.rollup_retention(one) order by o.bucket limit most - pruned);
    get diagnostics deleted = row_count;
    pruned := pruned + deleted;
  end loop;
  return pruned;
end
$$;

-- A field of a device from `since` to before `until`, in at most `buckets` (1 to 2000) equal spans; empty spans are left out. `bucket`
-- is a span's start. A span of a minute, an hour or a day and more is read from roll-ups, and from the readings where there are
-- none. Where the readings are gone, longer roll-ups stand for them. A roll-up counts where it begins: to be exact, give spans and a
-- `since` that are multiples of its step.
create or replace function public.device_chart(
  device_id uuid, field text, since timestamptz, until timestamptz, buckets int default 300
) returns table (bucket timestamptz, minimum float8, average float8, maximum float8, readings bigint)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  tenant uuid;
  seconds float8;
  finest int;
  covered tstzmultirange;
begin
  if (device_chart.since < device_chart.until) is not true then
    raise exception 'since is not before until' using errcode = 'invalid_parameter_value', hint = 'Give two times, the earlier first.';
  end if;
  if (device_chart.buckets between 1 and 2000) is not true then
    raise exception 'buckets is %', coalesce(device_chart.buckets::text, 'null')
      using errcode = 'invalid_parameter_value', hint = 'Use 1 to 2000.';
  end if;
  select d.tenant_id into tenant from public.devices as d where d.id = device_chart.device_id;
  -- Seconds, not months: date_bin refuses those. Rounded up, so that the last reading is in the last span.
  seconds := greatest(
    ceil(extract(epoch from device_chart.until - device_chart.since) * 1000 / device_chart.buckets) / 1000, 0.001)::float8;
  finest := case when seconds >= 86400 then 86400 when seconds >= 3600 then 3600 when seconds >= 60 then 60 end;
  if finest is not null then
    covered := (
      select range_agg(tstzrange(r.bucket, r.bucket + make_interval(secs => r.step))) from public.telemetry_rollups as r
      where r.tenant_id = tenant and r.device_id = device_chart.device_id and r.step = finest
        and r.bucket >= device_chart.since and r.bucket + make_interval(secs => r.step) <= device_chart.until
        and (r.is_whole or r.fields ? device_chart.field));
  end if;
  covered := coalesce(covered, '{}');
  return query
  select date_bin(make_interval(secs => seconds), v.at, device_chart.since), min(v.low), sum(v.mean * v.n) / sum(v.n), max(v.high),
    sum(v.n)::bigint
  from (
    select r.bucket as at, (r.value ->> 0)::int as n, (r.value ->> 1)::float8 as low, (r.value ->> 2)::float8 as mean,
      (r.value ->> 3)::float8 as high
    from (
      select r.bucket, r.fields -> device_chart.field as value from public.telemetry_rollups as r
      where r.tenant_id = tenant and r.device_id = device_chart.device_id and r.step = finest
        and r.bucket >= device_chart.since and r.bucket + make_interval(secs => r.step) <= device_chart.until
      union all
      select r.bucket, r.fields -> device_chart.field from public.telemetry_rollups as r
      where r.tenant_id = tenant and r.device_id = device_chart.device_id and r.step in (60, 3600, 86400) and r.step > coalesce(finest, 0)
        and r.bucket >= device_chart.since and r.bucket + make_interval(secs => r.step) <= device_chart.until
        and not exists (
          select from public.telemetry_rollups as f
          where f.tenant_id = tenant and f.device_id = device_chart.device_id and f.step >= coalesce(finest, 0) and f.step < r.step
            and f.bucket >= r.bucket and f.bucket < r.bucket + make_interval(secs => r.step))
        and not exists (
          select from public.telemetry as t
          where t.tenant_id = tenant and t.device_id = device_chart.device_id
            and t.ts >= r.bucket and t.ts < r.bucket + make_interval(secs => r.step))
    ) as r
    where r.value is not null
    union all
    select r.ts, 1, r.value, r.value, r.value
    from unnest(tstzmultirange(tstzrange(device_chart.since, device_chart.until)) - covered) as gap
    cross join lateral (
      select t.ts, access.number_of(t.payload, device_chart.field) as value from public.telemetry as t
      where t.tenant_id = tenant and t.device_id = device_chart.device_id and t.ts >= lower(gap) and t.ts < upper(gap)
      -- Keeps the value from being computed once for each use of it.
      offset 0
    ) as r
    where r.value is not null
  ) as v
  group by 1 order by 1;
end
$$;

revoke all on function
  access.rollup_retention(int), access.note_unrolled(), access.whole_buckets(tstzrange, int), access.few_spans(tstzmultirange),
  access.rollup_due(tstzmultirange, tstzmultirange, tstzmultirange), access.roll_up_bucket(uuid, uuid, int, timestamptz),
  ingest.claim_rollups(int), ingest.due_rollups(int), ingest.roll_up(uuid, uuid, int), ingest.note_not_rolled_up(uuid, uuid),
  ingest.prune_rollups(int)
  from public, anon, authenticated, service_role;
grant execute on function
  ingest.claim_rollups(int), ingest.due_rollups(int), ingest.roll_up(uuid, uuid, int), ingest.note_not_rolled_up(uuid, uuid),
  ingest.prune_rollups(int)
  to mqtt_ingest;

-- A tenant's reader asks for charts as people do.
grant select on public.telemetry_rollups to tenant_reader;
create policy readers_select on public.telemetry_rollups for select to tenant_reader
  using (tenant_id = (select access.reader_tenant()));
grant execute on function public.device_chart(uuid, text, timestamptz, timestamptz, int),
  access.number_of(jsonb, text), access.number_below(jsonb, text), access.as_number(jsonb) to tenant_reader;

-- The readings that there are already.
update public.device_status set unrolled = tstzmultirange(tstzrange(date_trunc('day', now()) - interval '30 days', date_trunc('minute', now())));
