-- Notifications in the language of their channel.
alter table public.notification_channels
  add column language text not null default 'en' check (language in ('en', 'id'));

-- As before, with the language.
drop function public.add_notification_channel(uuid, text, text, text, text, jsonb);
create function public.add_notification_channel(
  tenant_id uuid, name text, kind text, destination text, sealed text default null, template jsonb default null,
  language text default 'en'
) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  target constant text := lower(destination);
  made uuid;
begin
  perform access.require_role(add_notification_channel.tenant_id, '{owner,staff}');
  perform access.check_name(add_notification_channel.name);
  if (add_notification_channel.language in ('en', 'id')) is not true then
    raise exception 'there is no such language' using errcode = 'invalid_parameter_value', hint = 'Use en or id.';
  end if;
  if add_notification_channel.kind = 'email' then
    if (add_notification_channel.destination ~
      '^[A-Za-z0-9._%+=~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$' and length(target) <= 254) is not true then
      raise exception 'this is not a mail address'
        using errcode = 'invalid_parameter_value', hint = 'Use an address such as name@example.com.';
    elsif num_nonnulls(add_notification_channel.sealed, add_notification_channel.template) > 0 then
      raise exception 'a mail channel has neither secrets nor a template' using errcode = 'invalid_parameter_value';
    elsif exists (select from public.notification_channels as c
      where c.tenant_id = add_notification_channel.tenant_id and c.kind = 'email' and lower(c.destination) = target) then
      raise exception 'there is a channel to this address' using errcode = 'invalid_parameter_value', hint = 'Use that one.';
    end if;
  elsif add_notification_channel.kind in ('webhook', 'chat') then
    perform access.check_host(target);
    perform access.check_sealed(add_notification_channel.sealed);
    if (add_notification_channel.kind = 'chat') <> coalesce(jsonb_typeof(template) = 'object' and octet_length(template::text) <= 4096, false) then
      raise exception 'the template is missing, or not allowed'
        using errcode = 'invalid_parameter_value', hint = 'A chat channel has a template, a JSON object of at most 4 KiB; a webhook has none.';
    end if;
  else
    raise exception 'there is no such kind of channel' using errcode = 'invalid_parameter_value', hint = 'Use email, webhook or chat.';
  end if;
  insert into public.notification_channels as c (tenant_id, name, kind, destination, template, language, confirmed_at, sealed_at)
  values (add_notification_channel.tenant_id, add_notification_channel.name, add_notification_channel.kind,
    case add_notification_channel.kind when 'email' then add_notification_channel.destination else target end,
    add_notification_channel.template, add_notification_channel.language, case when add_notification_channel.kind <> 'email' then now() end,
    case when add_notification_channel.sealed is not null then now() end)
  returning c.id into made;
  insert into ingest.channel_states (tenant_id, channel_id, sealed)
  values (add_notification_channel.tenant_id, made, add_notification_channel.sealed);
  if add_notification_channel.kind = 'email' then
    perform access.ask_confirmation(add_notification_channel.tenant_id, made);
  end if;
  return made;
end
$$;

-- As before, with the language.
drop function public.change_notification_channel(uuid, text, boolean, text, text, jsonb);
create function public.change_notification_channel(
  channel_id uuid, name text default null, enabled boolean default null, destination text default null, sealed text default null,
  template jsonb default null, language text default null
) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  tenant constant uuid := access.staffed_channel(change_notification_channel.channel_id);
  kind constant text := (select c.kind from public.notification_channels as c where c.id = change_notification_channel.channel_id);
begin
  if change_notification_channel.language not in ('en', 'id') then
    raise exception 'there is no such language' using errcode = 'invalid_parameter_value', hint = 'Use en or id.';
  end if;
  if change_notification_channel.name is not null then
    perform access.check_name(change_notification_channel.name);
  end if;
  if num_nonnulls(change_notification_channel.destination, change_notification_channel.sealed) > 0 then
    if kind = 'email' then
      raise exception 'a channel''s mail address cannot be changed'
        using errcode = 'invalid_parameter_value', hint = 'Add another channel, and delete this one.';
    end if;
    perform access.check_host(lower(change_notification_channel.destination));
    perform access.check_sealed(change_notification_channel.sealed);
  end if;
  if template is not null and (kind = 'chat' and jsonb_typeof(template) = 'object' and octet_length(template::text) <= 4096) is not true then
    raise exception 'the template is not allowed'
      using errcode = 'invalid_parameter_value', hint = 'A chat channel has a template: a JSON object of at most 4 KiB.';
  end if;
  update public.notification_channels as c
  set name = coalesce(change_notification_channel.name, c.name), enabled = coalesce(change_notification_channel.enabled, c.enabled),
    destination = coalesce(lower(change_notification_channel.destination), c.destination),
    template = coalesce(change_notification_channel.template, c.template), language = coalesce(change_notification_channel.language, c.language),
    sealed_at = case when change_notification_channel.sealed is null then c.sealed_at else now() end
  where c.id = change_notification_channel.channel_id;
  -- What was changed may be what was wrong.
  update ingest.channel_states as s
  set sealed = coalesce(change_notification_channel.sealed, s.sealed), failures = 0, retry_at = null
  where s.tenant_id = tenant and s.channel_id = change_notification_channel.channel_id;
  if not enabled then
    update public.notifications as n set state = 'cancelled', error = 'The channel was switched off.', finished_at = now()
    where n.tenant_id = tenant and n.channel_id = change_notification_channel.channel_id and n.state = 'waiting';
  end if;
end
$$;

-- As before, with the language.
drop function ingest.claim_notifications(int, int, int);
create function ingest.claim_notifications(most int, most_tenant int, lease_seconds int)
returns table (
  id uuid, lease uuid, tenant_id uuid, channel_id uuid, alert_id uuid, kind text, destination text, sealed text, template jsonb, language text,
  transition text, content jsonb, created_at timestamptz, attempts int
)
language plpgsql security definer set search_path = '' set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
  chosen uuid[];
  item record;
  told jsonb;
begin
  with recursive waiting as (
    (select n.tenant_id, n.channel_id from public.notifications as n where n.state = 'waiting' order by n.tenant_id, n.channel_id limit 1)
    union all
    select x.tenant_id, x.channel_id
    from waiting as w
    cross join lateral (
      select n.tenant_id, n.channel_id from public.notifications as n
      where n.state = 'waiting' and (n.tenant_id, n.channel_id) > (w.tenant_id, w.channel_id)
      order by n.tenant_id, n.channel_id limit 1
    ) as x
  ), candidate as (
    select w.tenant_id, n.id, n.due_at, row_number() over (partition by w.tenant_id order by n.due_at, n.id)
      + (select count(*) from public.notifications as l
         where l.tenant_id = w.tenant_id and l.state = 'waiting' and l.lease is not null and l.leased_until > clock_timestamp()) as turn
    from waiting as w
    join public.notification_channels as c on c.tenant_id = w.tenant_id and c.id = w.channel_id
    join ingest.channel_states as s on s.tenant_id = w.tenant_id and s.channel_id = w.channel_id
    cross join lateral (
      select count(*) as n from public.notifications as l
      where l.tenant_id = w.tenant_id and l.channel_id = w.channel_id and l.state = 'waiting' and l.lease is not null
        and l.leased_until > clock_timestamp()
    ) as busy
    cross join lateral (
      select n.id, n.due_at from public.notifications as n
      where n.tenant_id = w.tenant_id and n.channel_id = w.channel_id and n.state = 'waiting' and n.due_at <= clock_timestamp()
        and coalesce(n.leased_until, '-infinity') <= clock_timestamp()
        and (c.confirmed_at is not null or n.transition = 'confirmation')
        -- What is about alerts waits until an announced maintenance is over.
        and (n.transition in ('confirmation', 'test') or not (select access.in_maintenance()))
        -- Nobody hears of an end before the beginning.
        and not (n.transition = 'resolved' and exists (
          select from public.notifications as o
          where o.tenant_id = n.tenant_id and o.alert_id = n.alert_id and o.channel_id = n.channel_id and o.transition = 'opened'
            and o.state = 'waiting'))
      order by n.due_at
      limit greatest(case when s.failures > 0 then 1 else 4 end - busy.n, 0)
    ) as n
    where c.enabled and c.refused_at is null and coalesce(s.retry_at, '-infinity') <= clock_timestamp()
  )
  select array_agg(x.id) into chosen
  from (select k.id from candidate as k where k.turn <= most_tenant order by k.turn, k.due_at limit most) as x;

  for item in
    select n.*, c.kind, c.destination, c.template, c.language, s.sealed
    from public.notifications as n
    join public.notification_channels as c on c.tenant_id = n.tenant_id and c.id = n.channel_id
    join ingest.channel_states as s on s.tenant_id = n.tenant_id and s.channel_id = n.channel_id
    where n.id = any (chosen) and n.state = 'waiting' and coalesce(n.leased_until, '-infinity') <= clock_timestamp()
    order by n.due_at, n.id
    for update of n skip locked
  loop
    -- A notification is one mail, however often the mail server has to be asked.
    if item.kind = 'email' and item.attempts = 0 and not access.spend_mail(item.tenant_id) then
      perform access.end_notification(item.id, 'failed', 'The limit of mails of this tenant and day is reached.');
      continue;
    end if;
    told := coalesce(item.content, access.digest_content(item.tenant_id, item.channel_id, item.since));
    update public.notifications as n
    set lease = gen_random_uuid(), leased_until = clock_timestamp() + make_interval(secs => lease_seconds), attempts = n.attempts + 1,
      attempted_at = clock_timestamp(), content = told
    where n.id = item.id
    returning n.lease, n.attempts into claim_notifications.lease, claim_notifications.attempts;
    id := item.id;
    tenant_id := item.tenant_id;
    channel_id := item.channel_id;
    alert_id := item.alert_id;
    kind := item.kind;
    destination := item.destination;
    sealed := item.sealed;
    template := item.template;
    language := item.language;
    transition := item.transition;
    content := told;
    created_at := item.created_at;
    return next;
  end loop;
end
$$;

revoke all on function public.add_notification_channel(uuid, text, text, text, text, jsonb, text),
  public.change_notification_channel(uuid, text, boolean, text, text, jsonb, text), ingest.claim_notifications(int, int, int)
  from public, anon, authenticated, service_role;
grant execute on function public.add_notification_channel(uuid, text, text, text, text, jsonb, text),
  public.change_notification_channel(uuid, text, boolean, text, text, jsonb, text) to authenticated;
grant execute on function ingest.claim_notifications(int, int, int) to mqtt_ingest;
