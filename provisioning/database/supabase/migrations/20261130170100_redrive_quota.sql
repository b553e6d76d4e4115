-- A redrive that exceeds its tenant's quota ends the request and leaves the letter as it was, with its reason.

-- Ends a request to redrive a letter. @param new_reason null: as before. @param still_refused null: as many readings as before.
create or replace function ingest.refuse_redrive(
  letter_id bigint, new_reason text, new_detail text, still_refused int default 1
) returns void
language sql security definer set search_path = ''
as $$
  update public.dead_letters
  set redrive_requested_at = null, reason = coalesce(new_reason, reason), detail = new_detail,
    readings = coalesce(still_refused, readings)
  where id = letter_id and redriven_at is null;
$$;
