-- A number at Tesla that somebody typed in proves nothing: whose vehicle it is, says the Tesla account that shows it.
alter table parking.vehicles add column tesla_seen_at timestamptz;
comment on column parking.vehicles.tesla_seen_at is
  'When the Tesla account of its owner last showed it. Null: its owner only says so, and gives way to whose account shows it.';

-- Those that an import brought, or went on with, and whose account is still linked.
update parking.vehicles v set tesla_seen_at = v.updated_at
from identity.tesla_accounts t
where t.user_id = v.user_id and v.tesla_vehicle_id is not null and v.make = 'Tesla';

-- What a value must be beyond its type: { minimum, maximum } of a number, { choices } of a text, { items } of a list. As the file says.
alter table app.settings add column allows jsonb not null default '{}';

-- Which events leave a line in the audit log, about which record and whom, and which facts of theirs it keeps.
create table app.audited_events (
  type text constraint audited_events_pkey primary key,
  category varchar(30) not null,
  record_table varchar(50) not null,
  record_key text not null,
  -- Null: who cancelled.
  person_key text,
  facts text[] not null
);
select app.protect('app.audited_events');
