-- Warns of at most `batch` verified documents that run out in 30, 7 or 1 days, each mark once, and brings the standing of whoever
-- holds one that has run out in step. A day on which it did not run is made up for: only the nearest mark is told. A document that
-- was renewed is let go in silence. Called again until nothing is left.
create or replace function verification.watch_expiry(batch integer) returns table (looked_at integer, warned integer,
  lapsed integer)
language plpgsql security definer set search_path = public, pg_temp as $$
declare today date := verification.today(); due record;
begin
  looked_at := 0;
  warned := 0;
  lapsed := 0;
  for due in
    select d.id, d.user_id, d.type, d.expires_on, d.expires_on - today as days_left,
           exists (select from verification.documents n
                   where n.user_id = d.user_id and n.type = d.type and n.status = 'verified' and n.id <> d.id
                     and (n.expires_on is null or n.expires_on > d.expires_on)) as is_renewed
    from verification.documents d
    where d.status = 'verified' and d.lapsed_at is null and d.marketplace = app.marketplace()
      and d.expires_on <= today + 30
      and (d.expires_on < today or coalesce(d.warned_days, 31) > case
        when d.expires_on <= today + 1 then 1 when d.expires_on <= today + 7 then 7 else 30 end)
    order by d.expires_on limit batch for update skip locked
  loop
    looked_at := looked_at + 1;
    if due.days_left < 0 then
      update verification.documents d set lapsed_at = app.now() where d.id = due.id;
      lapsed := lapsed + 1;
      if not due.is_renewed then
        perform app.audit('verification.document_expired', 'verification', 'documents', due.id::text, user_id => due.user_id);
        perform app.emit('verification.document_expired', jsonb_build_object('user_id', due.user_id, 'document_id', due.id,
          'type', due.type, 'expires_on', due.expires_on));
      end if;
      perform verification.assess(due.user_id);
    else
      update verification.documents d set warned_days = case
        when due.days_left <= 1 then 1 when due.days_left <= 7 then 7 else 30 end
      where d.id = due.id;
      if not due.is_renewed then
        warned := warned + 1;
        perform app.emit('verification.document_expiring', jsonb_build_object('user_id', due.user_id, 'document_id', due.id,
          'type', due.type, 'expires_on', due.expires_on, 'days_left', due.days_left));
      end if;
    end if;
  end loop;
  return next;
end $$;

grant execute on function verification.watch_expiry(integer) to vicinity_worker;
