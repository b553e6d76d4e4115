-- A hash of a device key has 1 to 1,000 rounds: the broker computes them at every connect, and 20,000,000 would stop it for a minute.
-- Keys have 256 random bits, which need no more than one.

-- A hash with more was made to do harm. The device is refused until it gets a new key.
update public.device_credentials set revoked_at = now()
where revoked_at is null and password_hash !~ '^\$7\$([1-9][0-9]{0,2}|1000)\$[A-Za-z0-9+/]{4,64}={0,2}\$[A-Za-z0-9+/]{86}==$';

-- Each is replaced by a stricter one at once, on small tables.
-- squawk-ignore ban-drop-constraint
alter table public.device_credentials drop constraint device_credentials_password_hash_check;
-- Revoked ones stay as they were.
-- squawk-ignore constraint-missing-not-valid
alter table public.device_credentials add constraint device_credentials_password_hash_check check (
  revoked_at is not null
  or password_hash ~ '^\$7\$([1-9][0-9]{0,2}|1000)\$[A-Za-z0-9+/]{4,64}={0,2}\$[A-Za-z0-9+/]{86}==$');
-- squawk-ignore ban-drop-constraint
alter table broker.service_accounts drop constraint service_accounts_password_hash_check;
-- squawk-ignore constraint-missing-not-valid
alter table broker.service_accounts add constraint service_accounts_password_hash_check check (
  password_hash ~ '^\$7\$([1-9][0-9]{0,2}|1000)\$[A-Za-z0-9+/]{4,64}={0,2}\$[A-Za-z0-9+/]{86}==$');

create or replace function access.check_password_hash(password_hash text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if (password_hash ~ '^\$7\$([1-9][0-9]{0,2}|1000)\$[A-Za-z0-9+/]{4,64}={0,2}\$[A-Za-z0-9+/]{86}==$') is not true then
    raise exception 'this is no hash of a device key'
      using errcode = 'invalid_parameter_value',
        hint = 'Send Mosquitto''s PBKDF2-SHA512 line with at most 1000 rounds, $7$..., never the key.';
  end if;
end
$$;
