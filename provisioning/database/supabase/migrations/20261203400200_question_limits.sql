-- A tenant's own caps for questions, permanently or until a day, in place of the configuration's: `ops limit`. They can be higher, too; what the
-- platform may spend in a month stays.
alter table public.tenant_limits
  add column question_tokens_day bigint check (question_tokens_day >= 0),
  add column question_tokens_month bigint check (question_tokens_month >= 0),
  -- Cents of a US dollar.
  add column question_cents_day bigint check (question_cents_day >= 0),
  add column question_cents_month bigint check (question_cents_month >= 0);
-- squawk-ignore ban-drop-constraint
alter table access.temporary_limits drop constraint temporary_limits_name_check;
-- squawk-ignore constraint-missing-not-valid
alter table access.temporary_limits add constraint temporary_limits_name_check check (name in (
  'max_devices', 'max_rules', 'max_window_minutes', 'max_members', 'max_invitations', 'max_commands', 'max_command_bytes',
  'max_device_commands', 'max_device_command_bytes', 'max_dead_letters', 'max_dead_letter_bytes', 'readings_per_minute',
  'readings_per_day', 'bytes_per_day', 'max_channels', 'max_routes', 'max_mails_day', 'max_channel_hour', 'max_alerts_hour',
  'question_tokens_day', 'question_tokens_month', 'question_cents_day', 'question_cents_month'));

-- The caps in force for a tenant. While the platform offers no questions, those without a number of the tenant's are null.
create function access.question_caps(tenant uuid) returns table (tokens_day bigint, tokens_month bigint, micros_day bigint, micros_month bigint)
language sql stable security definer set search_path = ''
as $$
  with own as (
    select l.name, coalesce(t.value, l.value) as value
    from (values
      ('question_tokens_day', (select o.question_tokens_day from public.tenant_limits as o where o.tenant_id = tenant)),
      ('question_tokens_month', (select o.question_tokens_month from public.tenant_limits as o where o.tenant_id = tenant)),
      ('question_cents_day', (select o.question_cents_day from public.tenant_limits as o where o.tenant_id = tenant)),
      ('question_cents_month', (select o.question_cents_month from public.tenant_limits as o where o.tenant_id = tenant))
    ) as l (name, value)
    left join access.temporary_limits as t on t.tenant_id = tenant and t.name = l.name and t.until > now()
  )
  select coalesce((select w.value from own as w where w.name = 'question_tokens_day'), o.tokens_day),
    coalesce((select w.value from own as w where w.name = 'question_tokens_month'), o.tokens_month),
    coalesce((select w.value * 10000 from own as w where w.name = 'question_cents_day'), o.micros_day),
    coalesce((select w.value * 10000 from own as w where w.name = 'question_cents_month'), o.micros_month)
  from (values (true)) as v (id) left join access.question_offer as o using (id);
$$;

-- As before, with the caps of a tenant; without one, those of the configuration.
drop function public.question_offer();
create function public.question_offer(tenant_id uuid default null) returns table (
  provider text, models text[], prices_from date, tokens_day bigint, tokens_month bigint, micros_day bigint, micros_month bigint
)
language plpgsql stable security definer set search_path = ''
as $$
begin
  if auth.uid() is null then
    return;
  end if;
  if question_offer.tenant_id is not null then
    perform access.require_role(question_offer.tenant_id, '{owner,staff,viewer}');
  end if;
  return query
    select o.provider, o.models, o.prices_from, k.tokens_day, k.tokens_month, k.micros_day, k.micros_month
    from access.question_offer as o, access.question_caps(question_offer.tenant_id) as k;
end
$$;

-- As before, with the caps of the tenant.
create or replace function ingest.reserve_question(
  tenant_id uuid, user_id uuid, device_id uuid, kind text, key bytea, model text, tokens bigint, micros bigint
) returns jsonb
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  offer access.question_offer;
  caps record;
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
  select * into caps from access.question_caps(reserve_question.tenant_id) as k;
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
        ('tenant day', caps.tokens_day, reserve_question.tokens, days.tokens_day, calls.tokens_day, today + 1),
        ('tenant day', caps.micros_day, reserve_question.micros, days.micros_day, calls.micros_day, today + 1),
        ('tenant month', caps.tokens_month, reserve_question.tokens, days.tokens_month, calls.tokens_month,
          (this_month + interval '1 month')::date),
        ('tenant month', caps.micros_month, reserve_question.micros, days.micros_month, calls.micros_month,
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

-- As before, with alerts and questions.
create or replace function access.limits_of(tenant uuid) returns table (name text, most bigint, used bigint, until timestamptz)
language sql stable security definer set search_path = '' set timezone = 'UTC'
as $$
  with waiting as (
    select count(*) as n, coalesce(sum(c.bytes), 0)::bigint as bytes from public.device_commands as c
    where c.tenant_id = tenant and c.sent_at is null and c.error is null and c.expires_at > now()
  ), letters as (
    select max(u.letters) as n, max(u.bytes) as bytes from ingest.dead_letter_use as u where u.tenant_id = tenant
  ), used (name, used) as (
    values
      ('max_devices', (select count(*) from public.devices as d where d.tenant_id = tenant)),
      ('max_rules', (select count(*) from public.alert_rules as r where r.tenant_id = tenant)),
      ('max_window_minutes', null),
      ('max_members', (select count(*) from public.memberships as m where m.tenant_id = tenant)),
      ('max_invitations', (select count(*) from public.invitations as i
        where i.tenant_id = tenant and i.accepted_at is null and i.revoked_at is null and i.expires_at > now())),
      ('max_commands', (select w.n from waiting as w)),
      ('max_command_bytes', (select w.bytes from waiting as w)),
      ('max_device_commands', null),
      ('max_device_command_bytes', null),
      ('max_dead_letters', (select coalesce(l.n, 0) from letters as l)),
      ('max_dead_letter_bytes', (select coalesce(l.bytes, 0) from letters as l)),
      ('max_channels', (select count(*) from public.notification_channels as c where c.tenant_id = tenant)),
      ('max_routes', (select count(*) from public.notification_routes as r where r.tenant_id = tenant)),
      ('max_mails_day', (select coalesce(max(u.mails), 0) from ingest.mail_use as u where u.tenant_id = tenant and u.day = current_date)),
      ('max_channel_hour', null),
      ('max_alerts_hour', (select count(*) from public.alerts as a where a.tenant_id = tenant and a.opened_at > now() - interval '1 hour'))
  )
  select u.name, access.limit_of(tenant, u.name), u.used, t.until
  from used as u
  left join access.temporary_limits as t on t.tenant_id = tenant and t.name = u.name and t.until > now()
  union all
  select u.name, u.most, u.used, t.until
  from ingest.quotas as q
  cross join lateral (values
    ('readings_per_minute', q.readings_per_minute::bigint, (select coalesce(max(l.stored), 0) from public.ingest_ledger as l
      where l.tenant_id = tenant and l.minute = date_trunc('minute', now()) - interval '1 minute')),
    ('readings_per_day', q.readings_per_day::bigint, (select coalesce(sum(l.stored), 0)::bigint from public.ingest_ledger as l
      where l.tenant_id = tenant and l.minute >= current_date)),
    ('bytes_per_day', q.bytes_per_day::bigint, (select max(u.bytes) from ingest.quota_use as u
      where u.tenant_id = tenant and u.day = current_date))
  ) as u (name, most, used)
  left join access.temporary_limits as t on t.tenant_id = tenant and t.name = u.name and t.until > now()
  where q.tenant_id = tenant
  union all
  select u.name, u.most, u.used, t.until
  from access.question_caps(tenant) as k
  cross join (
    select coalesce(sum(d.tokens) filter (where d.day = current_date), 0)::bigint as tokens_day, coalesce(sum(d.tokens), 0)::bigint as tokens_month,
      coalesce(sum(d.micros) filter (where d.day = current_date), 0)::bigint / 10000 as cents_day,
      coalesce(sum(d.micros), 0)::bigint / 10000 as cents_month
    from public.question_days as d where d.tenant_id = tenant and d.day >= date_trunc('month', current_date::timestamp)::date
  ) as s
  cross join lateral (values
    ('question_tokens_day', k.tokens_day, s.tokens_day), ('question_tokens_month', k.tokens_month, s.tokens_month),
    ('question_cents_day', k.micros_day / 10000, s.cents_day), ('question_cents_month', k.micros_month / 10000, s.cents_month)
  ) as u (name, most, used)
  left join access.temporary_limits as t on t.tenant_id = tenant and t.name = u.name and t.until > now()
  order by 1;
$$;

revoke all on function access.question_caps(uuid), public.question_offer(uuid) from public, anon, authenticated, service_role;
grant execute on function public.question_offer(uuid) to authenticated;
