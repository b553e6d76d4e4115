-- What a display name may hold: what is there is seen, and nothing turns or hides what stands beside it.

-- 1 to 200 characters; no control character, line break or mark that turns the direction of text (U+202A to U+202E, U+2066 to U+2069);
-- no white space and nothing of zero width at an end. isDisplayName() of domain/display-names.ts is the same.
create function access.is_display_name(name text) returns boolean
language sql immutable parallel safe
return length(name) between 1 and 200
  and name !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]|^[ \u00a0\u1680\u2000-\u200f\u202f\u205f-\u2065\u3000\ufeff]|[ \u00a0\u1680\u2000-\u200f\u202f\u205f-\u2065\u3000\ufeff]$';

create or replace function access.check_name(name text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if access.is_display_name(check_name.name) is not true then
    raise exception 'the name is not allowed'
      using errcode = 'invalid_parameter_value',
        hint = 'Use 1 to 200 characters, without control characters, line breaks or spaces at the ends.';
  end if;
end
$$;

-- What stands and is not allowed: a space for each character that is refused, none at the ends; the short name where nothing is left.
create function access.clean_name(name text, otherwise text) returns text
language sql immutable
return coalesce(nullif(
  btrim(regexp_replace(name, '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+', ' ', 'g'),
    E' \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d\u200e\u200f\u202f\u205f\u2060\u2061\u2062\u2063\u2064\u2065\u3000\ufeff'), ''), otherwise);
update public.tenants set name = access.clean_name(name, slug) where not access.is_display_name(name);
update public.devices set name = access.clean_name(name, slug) where not access.is_display_name(name);
update public.alert_rules set name = access.clean_name(name, 'rule') where not access.is_display_name(name);
drop function access.clean_name(text, text);

-- Each is replaced by a stricter one at once, on small tables.
-- squawk-ignore ban-drop-constraint
alter table public.tenants drop constraint tenants_name_check;
-- squawk-ignore constraint-missing-not-valid
alter table public.tenants add constraint tenants_name_check check (access.is_display_name(name));
-- squawk-ignore ban-drop-constraint
alter table public.devices drop constraint devices_name_check;
-- squawk-ignore constraint-missing-not-valid
alter table public.devices add constraint devices_name_check check (access.is_display_name(name));
-- squawk-ignore ban-drop-constraint
alter table public.alert_rules drop constraint alert_rules_name_check;
-- squawk-ignore constraint-missing-not-valid
alter table public.alert_rules add constraint alert_rules_name_check check (access.is_display_name(name));

-- People insert rules themselves: an error in words goes before the constraint's.
create function access.check_rule_name() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if auth.uid() is not null then
    perform access.check_name(new.name);
  end if;
  return new;
end
$$;
create trigger check_rule_name before insert or update of name on public.alert_rules
  for each row execute function access.check_rule_name();

revoke all on function access.is_display_name(text), access.check_rule_name() from public, anon, authenticated, service_role;
-- A constraint calls it as the role that writes.
grant execute on function access.is_display_name(text) to authenticated, service_role, mqtt_ingest;
