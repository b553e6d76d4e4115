-- Questions to a language model: who has switched them on, what they may cost, and what they have cost.
--
-- Each call of the model is reserved at its worst case before it, and settled at what it cost after it, each in a transaction of its own. A
-- reservation that no call followed ends by itself; one whose call was lost stays counted at its worst case. So what the caps allow is
-- never exceeded, wherever a process dies.

-- What the platform offers, from its configuration: the functions write it. No row: no questions.
create table access.question_offer (
  id boolean primary key default true check (id),
  -- Host of the provider, models in the order of their use, and the date of their prices, for people.
  provider text not null check (length(provider) between 1 and 253),
  models text[] not null check (cardinality(models) between 1 and 8),
  prices_from date not null,
  -- Of a tenant and UTC day or month; of the whole platform and month. Money in millionths of a US dollar.
  tokens_day bigint not null check (tokens_day >= 0),
  tokens_month bigint not null check (tokens_month >= 0),
  micros_day bigint not null check (micros_day >= 0),
  micros_month bigint not null check (micros_month >= 0),
  platform_micros_month bigint not null check (platform_micros_month >= 0)
);

create table public.question_settings (
  tenant_id uuid primary key references public.tenants (id) on delete cascade,
  is_on boolean not null
);
comment on table public.question_settings is 'Whether a tenant''s owner lets facts of its rows be sent to the provider. No row: not.';

create table public.question_days (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  day date not null,
  -- Calls of a model that were settled, answers from the cache, refusals by a cap.
  calls int not null default 0,
  cached int not null default 0,
  refused int not null default 0,
  tokens bigint not null default 0,
  micros bigint not null default 0,
  primary key (tenant_id, day)
);
create index question_days_day on public.question_days (day);
comment on table public.question_days is 'What a tenant''s questions cost on a day of UTC, in tokens and in millionths of a US dollar.';

-- Of the platform, and of tenants that have been deleted since.
create table ingest.question_months (
  month date primary key,
  calls bigint not null default 0,
  tokens bigint not null default 0,
  micros bigint not null default 0
);

-- Calls that are reserved, or under way.
create table ingest.question_calls (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  user_id uuid not null,
  -- Not `device_id`: what has that is deleted with its device, and a call under way must still be counted.
  about_device uuid,
  kind text not null check (kind in ('alert', 'device', 'tenant')),
  -- Of the question and its facts.
  key bytea not null check (octet_length(key) = 32),
  model text not null check (length(model) between 1 and 100),
  -- At worst.
  tokens bigint not null check (tokens > 0),
  micros bigint not null check (micros >= 0),
  reserved_at timestamptz not null,
  -- From then on it counts for nothing unless it was sent.
  expires_at timestamptz not null,
  sent_at timestamptz
);
create index question_calls_tenant on ingest.question_calls (tenant_id, key);

create table ingest.question_answers (
  tenant_id uuid not null references public.tenants (id) on delete cascade,
  key bytea not null,
  -- Null: the question was about the tenant.
  device_id uuid,
  answer text not null check (length(answer) between 1 and 4000),
  model text not null,
  tokens bigint not null,
  micros bigint not null,
  answered_at timestamptz not null default now(),
  primary key (tenant_id, key)
);
create index question_answers_device on ingest.question_answers (tenant_id, device_id);
create index question_answers_age on ingest.question_answers (answered_at);
comment on table ingest.question_answers is 'Answers by the question and its facts, for a week: the same question over the same facts costs nothing.';

do $$
declare
  relation text;
begin
  foreach relation in array array['access.question_offer', 'public.question_settings', 'public.question_days', 'ingest.question_months',
      'ingest.question_calls', 'ingest.question_answers'] loop
    execute format('alter table %s enable row level security', relation);
    execute format('alter table %s force row level security', relation);
    execute format('revoke all on %s from public, anon, authenticated, service_role', relation);
  end loop;
end
$$;
grant select on public.question_settings, public.question_days to authenticated, service_role;
create policy members_select on public.question_settings for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy members_select on public.question_days for select to authenticated
  using (tenant_id = any ((select access.my_tenants())::uuid[]));
create policy service_role_select on public.question_settings for select to service_role using (true);
create policy service_role_select on public.question_days for select to service_role using (true);
create trigger audit after insert or update on public.question_settings
  for each row execute function access.audit('question_settings', 'is_on');

-- What the platform offers, for its members: none unless it offers questions.
create function public.question_offer() returns table (
  provider text, models text[], prices_from date, tokens_day bigint, tokens_month bigint, micros_day bigint, micros_month bigint
)
language sql stable security definer set search_path = ''
as $$
  select o.provider, o.models, o.prices_from, o.tokens_day, o.tokens_month, o.micros_day, o.micros_month
  from access.question_offer as o where auth.uid() is not null;
$$;

create function public.set_questions(tenant_id uuid, is_on boolean) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform access.require_role(set_questions.tenant_id, '{owner}');
  if set_questions.is_on is null then
    raise exception 'is_on is null' using errcode = 'invalid_parameter_value', hint = 'Use true or false.';
  end if;
  insert into public.question_settings as s (tenant_id, is_on) values (set_questions.tenant_id, set_questions.is_on)
  on conflict on constraint question_settings_pkey do update set is_on = excluded.is_on where s.is_on <> excluded.is_on;
  -- What was answered stays with the platform no longer than the owner's consent.
  if not set_questions.is_on then
    delete from ingest.question_answers as a where a.tenant_id = set_questions.tenant_id;
  end if;
end
$$;

-- Writes what is offered; null: nothing is.
create function ingest.publish_questions(offer jsonb) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if offer is null then
    delete from access.question_offer;
    return;
  end if;
  insert into access.question_offer as o
  select * from jsonb_populate_record(null::access.question_offer, offer || '{"id": true}') as p
  on conflict (id) do update set provider = excluded.provider, models = excluded.models, prices_from = excluded.prices_from,
    tokens_day = excluded.tokens_day, tokens_month = excluded.tokens_month, micros_day = excluded.micros_day,
    micros_month = excluded.micros_month, platform_micros_month = excluded.platform_micros_month
  where (o.*) is distinct from (excluded.*);
end
$$;

-- Answers from the cache, or reserves one call at its worst case, or refuses:
--   {"answer", "model", "answered_at"}
--   {"reserved": id}
--   {"refused": "off" | "asked" | "tenant day" | "tenant month" | "platform month", "until"}
-- "asked": the same is being asked. "until" is when it can succeed; null where it is larger than the cap.
create function ingest.reserve_question(
  tenant_id uuid, user_id uuid, device_id uuid, kind text, key bytea, model text, tokens bigint, micros bigint
) returns jsonb
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  offer access.question_offer;
  found_answer ingest.question_answers;
  moment timestamptz;
  today date;
  this_month date;
  cap record;
  until timestamptz;
  call uuid;
begin
  -- The tenant's calls take turns from here on.
  perform from public.question_settings as s where s.tenant_id = reserve_question.tenant_id and s.is_on for update;
  if not found then
    return '{"refused": "off"}';
  end if;
  select * into offer from access.question_offer as o;
  if offer.id is null then
    return '{"refused": "off"}';
  end if;
  moment := clock_timestamp();
  today := moment::date;
  this_month := date_trunc('month', moment)::date;
  select * into found_answer from ingest.question_answers as a
  where a.tenant_id = reserve_question.tenant_id and a.key = reserve_question.key and a.answered_at > moment - interval '7 days';
  if found then
    insert into public.question_days as d (tenant_id, day, cached) values (reserve_question.tenant_id, today, 1)
    on conflict (tenant_id, day) do update set cached = d.cached + 1;
    return jsonb_build_object('answer', found_answer.answer, 'model', found_answer.model, 'answered_at', found_answer.answered_at);
  end if;
  select min(c.expires_at) into until from ingest.question_calls as c
  where c.tenant_id = reserve_question.tenant_id and c.key = reserve_question.key and c.expires_at > moment;
  if until is not null then
    return jsonb_build_object('refused', 'asked', 'until', until);
  end if;
  -- And the platform's.
  insert into ingest.question_months (month) values (this_month) on conflict do nothing;
  perform from ingest.question_months as m where m.month = this_month for update;
  for cap in
    with days as (
      select coalesce(sum(d.tokens) filter (where d.day = today), 0) as tokens_day, coalesce(sum(d.tokens), 0) as tokens_month,
        coalesce(sum(d.micros) filter (where d.day = today), 0) as micros_day, coalesce(sum(d.micros), 0) as micros_month
      from public.question_days as d where d.tenant_id = reserve_question.tenant_id and d.day >= this_month
    ), calls as (
      select coalesce(sum(c.tokens) filter (where mine and c.reserved_at >= today), 0) as tokens_day,
        coalesce(sum(c.tokens) filter (where mine), 0) as tokens_month,
        coalesce(sum(c.micros) filter (where mine and c.reserved_at >= today), 0) as micros_day,
        coalesce(sum(c.micros) filter (where mine), 0) as micros_month,
        coalesce(sum(c.micros), 0) as platform_micros_month,
        coalesce(min(c.expires_at) filter (where c.expires_at > moment), moment + interval '1 minute') as next_end
      from (
        select c.*, c.tenant_id = reserve_question.tenant_id as mine from ingest.question_calls as c
        where c.reserved_at >= this_month and (c.sent_at is not null or c.expires_at > moment)
      ) as c
    )
    select k.name, k.most, k.wanted, k.used, k.reserved, k.ends, calls.next_end
    from days, calls, ingest.question_months as p,
      lateral (values
        ('tenant day', offer.tokens_day, reserve_question.tokens, days.tokens_day, calls.tokens_day, today + 1),
        ('tenant day', offer.micros_day, reserve_question.micros, days.micros_day, calls.micros_day, today + 1),
        ('tenant month', offer.tokens_month, reserve_question.tokens, days.tokens_month, calls.tokens_month,
          (this_month + interval '1 month')::date),
        ('tenant month', offer.micros_month, reserve_question.micros, days.micros_month, calls.micros_month,
          (this_month + interval '1 month')::date),
        ('platform month', offer.platform_micros_month, reserve_question.micros, p.micros, calls.platform_micros_month,
          (this_month + interval '1 month')::date)
      ) as k (name, most, wanted, used, reserved, ends)
    where p.month = this_month and k.used + k.reserved + k.wanted > k.most
    -- The one that lasts longest.
    order by k.wanted > k.most desc, k.used + k.wanted > k.most desc, k.ends desc limit 1
  loop
    insert into public.question_days as d (tenant_id, day, refused) values (reserve_question.tenant_id, today, 1)
    on conflict (tenant_id, day) do update set refused = d.refused + 1;
    return jsonb_build_object('refused', cap.name, 'until', case
      when cap.wanted > cap.most then null
      when cap.used + cap.wanted > cap.most then cap.ends::timestamptz
      else cap.next_end end);
  end loop;
  insert into ingest.question_calls (tenant_id, user_id, about_device, kind, key, model, tokens, micros, reserved_at, expires_at)
  values (reserve_question.tenant_id, reserve_question.user_id, reserve_question.device_id, reserve_question.kind, reserve_question.key,
    reserve_question.model, reserve_question.tokens, reserve_question.micros, moment, moment + interval '1 minute')
  returning id into call;
  return jsonb_build_object('reserved', call);
end
$$;

-- Notes that a reserved call is being sent, in the audit log, too. False: it must not be, because its reservation has expired, or the owner
-- has switched questions off.
create function ingest.send_question(call uuid) returns boolean
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
declare
  c ingest.question_calls;
begin
  -- In the order of ingest.reserve_question, which otherwise takes it for expired while it is being noted.
  select q.* into c from ingest.question_calls as q where q.id = call;
  perform from public.question_settings as s where s.tenant_id = c.tenant_id for update;
  perform from ingest.question_months as m where m.month = date_trunc('month', c.reserved_at)::date for update;
  update ingest.question_calls as q set sent_at = clock_timestamp()
  from public.question_settings as s
  where q.id = call and q.sent_at is null and q.expires_at > clock_timestamp() and s.tenant_id = q.tenant_id and s.is_on
  returning q.* into c;
  if c.id is null then
    return false;
  end if;
  insert into public.audit_log (tenant_id, actor_id, actor_email, action, subject, details)
  select c.tenant_id, c.user_id, (select m.email from public.memberships as m where m.tenant_id = c.tenant_id and m.user_id = c.user_id),
    'question.sent',
    (select d.slug from public.devices as d where d.tenant_id = c.tenant_id and d.id = c.about_device),
    jsonb_build_object('about', c.kind, 'model', c.model);
  return true;
end
$$;

-- Settles a call at what it cost, or at its worst case where that is not known (null); never above it. Keeps its answer.
create function ingest.settle_question(call uuid, tokens bigint, micros bigint, answer text) returns boolean
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  c ingest.question_calls;
  spent_tokens bigint;
  spent_micros bigint;
begin
  -- In the order of ingest.reserve_question.
  perform from public.question_settings as s
  where s.tenant_id = (select q.tenant_id from ingest.question_calls as q where q.id = call) for update;
  delete from ingest.question_calls as q where q.id = call returning q.* into c;
  if c.id is null then
    return false;
  end if;
  spent_tokens := case when c.sent_at is null then 0 else least(greatest(coalesce(settle_question.tokens, c.tokens), 0), c.tokens) end;
  spent_micros := case when c.sent_at is null then 0 else least(greatest(coalesce(settle_question.micros, c.micros), 0), c.micros) end;
  if spent_tokens > 0 then
    insert into ingest.question_months as m (month, calls, tokens, micros)
    values (date_trunc('month', c.reserved_at)::date, 1, spent_tokens, spent_micros)
    on conflict (month) do update
    set calls = m.calls + 1, tokens = m.tokens + excluded.tokens, micros = m.micros + excluded.micros;
    insert into public.question_days as d (tenant_id, day, calls, tokens, micros)
    values (c.tenant_id, c.reserved_at::date, 1, spent_tokens, spent_micros)
    on conflict (tenant_id, day) do update
    set calls = d.calls + 1, tokens = d.tokens + excluded.tokens, micros = d.micros + excluded.micros;
    insert into public.usage_days as u (tenant_id, day, ai_tokens) values (c.tenant_id, c.reserved_at::date, spent_tokens)
    on conflict (tenant_id, day) do update set ai_tokens = u.ai_tokens + excluded.ai_tokens;
  end if;
  -- Not after the owner has switched questions off, or the device is gone.
  if settle_question.answer is not null then
    insert into ingest.question_answers as a (tenant_id, key, device_id, answer, model, tokens, micros)
    select c.tenant_id, c.key, c.about_device, settle_question.answer, c.model, spent_tokens, spent_micros
    from public.question_settings as s where s.tenant_id = c.tenant_id and s.is_on and (c.about_device is null
      or exists (select from public.devices as d where d.tenant_id = c.tenant_id and d.id = c.about_device))
    on conflict (tenant_id, key) do update
    set answer = excluded.answer, model = excluded.model, tokens = excluded.tokens, micros = excluded.micros, answered_at = now();
  end if;
  return true;
end
$$;

-- One step: settles one call whose process is gone, at its worst case if it was sent, and removes at most `most` rows whose time is over.
-- Returns how many it ended or removed. One call a transaction: its tenant's turn must not be held while another's is waited for.
create function ingest.tidy_questions(most int) returns int
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
declare
  lost uuid;
  done int;
begin
  select q.id into lost from ingest.question_calls as q
  where q.expires_at < clock_timestamp() - interval '1 minute' order by q.expires_at limit 1;
  if lost is not null then
    return ingest.settle_question(lost, null, null, null)::int;
  end if;
  delete from ingest.question_answers where (tenant_id, key) in (
    select a.tenant_id, a.key from ingest.question_answers as a
    where a.answered_at < now() - interval '7 days' or a.device_id is null and a.answered_at < now() - interval '1 day'
    order by a.answered_at limit most);
  get diagnostics done = row_count;
  delete from public.question_days where (tenant_id, day) in (
    select d.tenant_id, d.day from public.question_days as d
    where d.day < (date_trunc('month', now()) - interval '25 months')::date order by d.day limit most);
  delete from ingest.question_months where month < date_trunc('month', now()) - interval '25 months';
  return done;
end
$$;

-- For metrics, and the operator's day. Of this month.
create function ingest.questions_figures() returns jsonb
language sql stable security definer set search_path = '' set timezone = 'UTC'
as $$
  select jsonb_build_object('questions_month_calls', coalesce(m.calls, 0), 'questions_month_tokens', coalesce(m.tokens, 0),
    'questions_month_usd', round(coalesce(m.micros, 0) / 1e6, 6), 'questions_month_cap_usd', round(o.platform_micros_month / 1e6, 6),
    'questions_open', (select count(*) from ingest.question_calls))
  from access.question_offer as o
  left join ingest.question_months as m on m.month = date_trunc('month', now())::date;
$$;

revoke all on function public.question_offer(), public.set_questions(uuid, boolean), ingest.publish_questions(jsonb),
  ingest.reserve_question(uuid, uuid, uuid, text, bytea, text, bigint, bigint), ingest.send_question(uuid),
  ingest.settle_question(uuid, bigint, bigint, text), ingest.tidy_questions(int), ingest.questions_figures()
  from public, anon, authenticated, service_role;
grant execute on function public.question_offer(), public.set_questions(uuid, boolean) to authenticated;
grant execute on function ingest.publish_questions(jsonb),
  ingest.reserve_question(uuid, uuid, uuid, text, bytea, text, bigint, bigint), ingest.send_question(uuid),
  ingest.settle_question(uuid, bigint, bigint, text), ingest.tidy_questions(int), ingest.questions_figures()
  to mqtt_ingest;
