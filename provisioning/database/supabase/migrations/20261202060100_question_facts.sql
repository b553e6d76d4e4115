-- The facts for a question, as the person who asks sees them: this function has no rights of its own, so policies decide row by row what
-- goes into them. They are all that a language model is given.

-- kind "alert": why an alert opened. "device", "tenant": what changed in the last seven days. Each list has an end and each text at most 80
-- characters, so that the facts are a few kilobytes. Times are whole hours or days where they would change with every reading: the same
-- question an instant later has the same facts.
create function public.question_facts(kind text, subject_id uuid) returns jsonb
language plpgsql stable set search_path = '' set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  hour constant timestamptz := date_trunc('hour', now());
  tenant uuid;
  device uuid;
  alert public.alerts;
  until timestamptz := hour;
  since timestamptz := hour - interval '7 days';
  facts jsonb;
begin
  case question_facts.kind
    when 'alert' then
      select * into alert from public.alerts as a where a.id = question_facts.subject_id;
      tenant := alert.tenant_id;
      device := alert.device_id;
      since := alert.opened_at - interval '1 day';
      until := greatest(alert.opened_at, least(alert.opened_at + interval '30 minutes', hour));
    when 'device' then
      select d.tenant_id, d.id into tenant, device from public.devices as d where d.id = question_facts.subject_id;
    when 'tenant' then
      select t.id into tenant from public.tenants as t where t.id = question_facts.subject_id;
    else
      raise exception 'kind is "%"', left(question_facts.kind, 20)
        using errcode = 'invalid_parameter_value', hint = 'Use alert, device or tenant.';
  end case;
  if tenant is null then
    raise exception 'there is no such %', question_facts.kind
      using errcode = 'no_data_found', hint = 'It may have been removed, or you are not a member of its tenant.';
  elsif tenant <> all (access.staffed_tenants()) then
    raise exception 'your role in this tenant does not allow questions'
      using errcode = 'insufficient_privilege', hint = 'Needed: owner or staff. An owner can change your role.';
  elsif not exists (select from public.question_settings as s where s.tenant_id = tenant and s.is_on) then
    raise exception 'questions are off for this tenant'
      using errcode = 'insufficient_privilege', hint = 'An owner can switch them on in the settings.';
  end if;

  facts := jsonb_build_object('question', question_facts.kind, 'from', since, 'until', until);
  if device is not null then
    facts := facts || (
      select jsonb_build_object('device', jsonb_strip_nulls(jsonb_build_object('slug', d.slug, 'name', left(d.name, 80), 'tags', d.tags[:8],
        'enabled', d.enabled, 'added_at', d.created_at, 'last_message_hour', date_trunc('hour', s.last_received_at),
        'offline_since', s.offline_since, 'clock_is_off_by_seconds', case when abs(s.clock_skew) > 60 then round(s.clock_skew) end,
        -- Numbers are in the readings below.
        'newest_texts', (
          select jsonb_object_agg(left(t.field, 80), left(t.value, 80)) from (
            select f.key as field, f.value ->> 0 as value from jsonb_each(s.fields) as f
            where jsonb_typeof(f.value -> 0) in ('string', 'boolean') order by f.key limit 8) as t))))
      from public.devices as d
      left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
      where d.tenant_id = tenant and d.id = device);
  else
    facts := facts || (
      select jsonb_build_object('devices', jsonb_build_object('all', count(*), 'disabled', count(*) filter (where not d.enabled),
        'added', count(*) filter (where d.created_at >= since), 'offline', count(s.offline_since)))
      from public.devices as d
      left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
      where d.tenant_id = tenant);
    facts := facts || jsonb_build_object(
      'offline_longest', (
        select jsonb_agg(jsonb_build_object('device', o.slug, 'name', left(o.name, 80), 'since', o.offline_since)) from (
          select d.slug, d.name, s.offline_since from public.device_status as s
          join public.devices as d on d.tenant_id = s.tenant_id and d.id = s.device_id
          where s.tenant_id = tenant and s.offline_since is not null order by s.offline_since, d.slug limit 8) as o),
      'newest_devices', (
        select jsonb_agg(jsonb_build_object('device', o.slug, 'name', left(o.name, 80), 'added_at', o.created_at)) from (
          select d.slug, d.name, d.created_at from public.devices as d
          where d.tenant_id = tenant and d.created_at >= since order by d.created_at desc, d.slug limit 8) as o),
      'whole_days', (
        select jsonb_object_agg(w.week, jsonb_build_object('readings', w.readings, 'over_quota', w.over_quota, 'letters', w.letters,
          'alerts', w.alerts)) from (
          select case when u.day >= hour::date - 7 then 'last_7' else 'the_7_before' end as week, sum(u.readings) as readings,
            sum(u.over_quota) as over_quota, sum(u.letters) as letters, sum(u.alerts) as alerts
          from public.usage_days as u
          where u.tenant_id = tenant and u.day >= hour::date - 14 and u.day < hour::date group by 1) as w));
  end if;

  if alert.id is not null then
    facts := facts || (
      select jsonb_build_object(
        'alert', jsonb_strip_nulls(jsonb_build_object('opened_at', alert.opened_at, 'resolved_at', alert.resolved_at,
          'acknowledged_at', alert.acknowledged_at, 'value', alert.value, 'message', left(alert.message, 200))),
        'rule', jsonb_strip_nulls(to_jsonb(r) - '{id,tenant_id,device_id,name,field}'::text[]) || jsonb_build_object('name', left(r.name, 80),
          'field', left(r.field, 80), 'on_all_devices', r.device_id is null),
        'readings_of_the_field', (
          select jsonb_agg(jsonb_build_array(c.bucket, c.minimum, c.average, c.maximum, c.readings))
          from public.device_chart(device, r.field, alert.opened_at - interval '2 hours', until + interval '1 second', 24) as c
          where r.field is not null),
        'readings_an_hour', (
          select jsonb_agg(jsonb_build_array(h.bucket, h.readings) order by h.bucket) from public.telemetry_rollups as h
          where h.tenant_id = tenant and h.device_id = device and h.step = 3600 and r.field is null
            and h.bucket >= alert.opened_at - interval '12 hours' and h.bucket < until))
      from public.alert_rules as r where r.tenant_id = tenant and r.id = alert.rule_id);
  elsif device is not null then
    facts := facts || jsonb_build_object('fields_in_whole_days', (
      select jsonb_agg(jsonb_build_object('field', left(f.field, 80), 'last_7', f.now, 'the_7_before', f.before)) from (
        select w.field,
          max(w.told) filter (where w.is_now) as now, max(w.told) filter (where not w.is_now) as before
        from (
          select e.key as field, r.bucket >= hour::date - 7 as is_now,
            format('%s readings from %s to %s, mean %s', sum((e.value ->> 0)::int), min((e.value ->> 1)::float8), max((e.value ->> 3)::float8),
              -- As numeric: floats near their largest would add up to an error.
              round(sum((e.value ->> 2)::numeric * (e.value ->> 0)::int) / sum((e.value ->> 0)::int), 3)::float8) as told
          from public.telemetry_rollups as r cross join lateral jsonb_each(r.fields) as e
          where r.tenant_id = tenant and r.device_id = device and r.step = 86400 and r.bucket >= hour::date - 14 and r.bucket < hour::date
          group by 1, 2) as w
        group by 1 order by 1 limit 12) as f));
  end if;

  facts := facts || jsonb_build_object(
    'alerts', (
      select jsonb_build_object('opened', count(*), 'still_open', count(*) filter (where a.resolved_at is null)) from public.alerts as a
      where a.tenant_id = tenant and (device is null or a.device_id = device) and a.opened_at between since and until),
    'newest_alerts', (
      select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('device', o.slug, 'rule', left(o.name, 80), 'severity', o.severity,
        'message', left(o.message, 120), 'opened_at', o.opened_at, 'resolved_at', o.resolved_at))) from (
        select d.slug, r.name, r.severity, a.message, a.opened_at, a.resolved_at
        from public.alerts as a
        join public.alert_rules as r on r.tenant_id = a.tenant_id and r.id = a.rule_id
        join public.devices as d on d.tenant_id = a.tenant_id and d.id = a.device_id
        where a.tenant_id = tenant and (device is null or a.device_id = device) and a.opened_at between since and until
          and a.id is distinct from alert.id
        order by a.opened_at desc, a.id limit 8) as o),
    'letters_by_reason', (
      select jsonb_object_agg(left(o.reason, 80), o.n) from (
        select l.reason, count(*) as n from public.dead_letters as l
        where l.tenant_id = tenant and (device is null or l.device_id = device) and l.received_at between since and until
        group by 1 order by 2 desc, 1 limit 8) as o),
    'refused_by_the_broker', case when device is null then (
      select jsonb_object_agg(o.reason, o.n) from (
        select f.reason, sum(f.times) as n from public.refusals as f
        where f.tenant_id = tenant and f.hour >= since and f.hour < until group by 1 order by 2 desc, 1 limit 8) as o) end,
    -- Only owners see the audit log. Nothing about people: their addresses stay here.
    'changes', (
      select jsonb_agg(jsonb_build_object('at', o.at, 'what', o.action, 'of', left(o.subject, 80))) from (
        select a.at, a.action, a.subject from public.audit_log as a
        where a.tenant_id = tenant and a.at between since and until
          and split_part(a.action, '.', 1) in ('device', 'devices', 'device_key', 'device_keys', 'alert_rule', 'command', 'desired_state',
            'reading_rules', 'field_name', 'dead_letters')
          and (device is null or a.subject = device::text or a.subject = (select d.slug from public.devices as d where d.id = device)
            or a.action like 'alert\_rule.%')
        order by a.at desc, a.id desc limit 12) as o));
  return jsonb_build_object('tenant_id', tenant, 'user_id', auth.uid(), 'device_id', device, 'facts', jsonb_strip_nulls(facts));
end
$$;
revoke all on function public.question_facts(text, uuid) from public, anon, authenticated, service_role;
grant execute on function public.question_facts(text, uuid) to authenticated;
