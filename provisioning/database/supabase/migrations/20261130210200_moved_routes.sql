-- A route that is moved to another channel takes the waiting digest of its former one along, unless another route still leads there: a
-- digest counts what the routes to its channel take, so the former channel's would count nothing.
create function access.move_digest() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  digest public.notifications;
begin
  update public.notifications as n
  set state = 'cancelled', error = 'Its route was moved to another channel.', finished_at = now()
  where n.tenant_id = old.tenant_id and n.channel_id = old.channel_id and n.transition = 'digest' and n.state = 'waiting' and n.attempts = 0
    and not exists (
      select from public.notification_routes as r where r.tenant_id = old.tenant_id and r.channel_id = old.channel_id and r.enabled)
  returning n.* into digest;
  if digest.id is not null and new.enabled then
    insert into public.notifications as o (tenant_id, channel_id, transition, since, due_at, expires_at)
    values (new.tenant_id, new.channel_id, 'digest', digest.since, digest.due_at, digest.expires_at)
    on conflict (tenant_id, channel_id) where transition = 'digest' and content is null and state = 'waiting' do update
    set since = least(o.since, excluded.since), due_at = least(o.due_at, excluded.due_at);
  end if;
  return null;
end
$$;
revoke all on function access.move_digest() from public, anon, authenticated, service_role;

create trigger move_digest after update of channel_id on public.notification_routes for each row
  when (old.channel_id <> new.channel_id) execute function access.move_digest();
