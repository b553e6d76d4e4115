-- How many of each alert's notifications were sent, wait, or failed: what a list of alerts shows of them.
create view public.alert_notifications with (security_invoker = true) as
select n.tenant_id, n.alert_id, count(*) filter (where n.state = 'sent') as sent, count(*) filter (where n.state = 'waiting') as waiting,
  count(*) filter (where n.state = 'failed') as failed
from public.notifications as n
where n.alert_id is not null
group by n.tenant_id, n.alert_id;
revoke all on public.alert_notifications from public, anon, authenticated, service_role;
grant select on public.alert_notifications to authenticated, service_role;
