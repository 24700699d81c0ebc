-- What can be booked, and when it is open. A module keeps its resources here, so that hours, blocks and calendars are written once.

create table booking.resources (
  id uuid not null constraint resources_pkey primary key,
  marketplace text not null constraint resources_marketplace_fkey references app.marketplaces,
  module text not null,
  owner_id uuid not null constraint resources_owner_id_fkey references identity.users,
  time_zone text not null,
  capacity integer not null constraint resources_capacity_check check (capacity between 1 and 500),
  is_listed boolean not null,
  -- Seconds. Null asks for nothing.
  buffer_before integer not null default 0 constraint resources_buffer_before_check check (buffer_before >= 0),
  buffer_after integer not null default 0 constraint resources_buffer_after_check check (buffer_after >= 0),
  minimum_seconds integer,
  maximum_seconds integer,
  notice_seconds integer not null default 0,
  -- Written by `booking.apply_rules`. Where no rule opens it, a resource is open at all times before the first moment that its
  -- rules have not been expanded to; where one does, never by itself.
  always_open_until timestamptz not null default 'infinity',
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now()
);
create index resources_owner_id_idx on booking.resources (owner_id, id);
create trigger resources_touch before update on booking.resources for each row execute function app.touch_updated_at();
select app.protect('booking.resources');
create policy api_select on booking.resources for select to vicinity_api
  using (marketplace = (select app.marketplace()) and owner_id = (select app.actor()));
grant select on booking.resources to vicinity_api, vicinity_worker;

-- When a resource is open, and when its owner keeps it for themselves: once, or as a recurrence rule says (RFC 5545). Times are wall
-- time of the resource's zone. Whatever is not `available` wins over what is.
create table booking.availability_rules (
  id uuid not null default app.uuid_v7() constraint availability_rules_pkey primary key,
  resource_id uuid not null constraint availability_rules_resource_id_fkey references booking.resources on delete cascade,
  marketplace text not null constraint availability_rules_marketplace_fkey references app.marketplaces,
  owner_id uuid not null constraint availability_rules_owner_id_fkey references identity.users,
  availability_type text not null constraint availability_rules_availability_type_check
    check (availability_type in ('available', 'blocked', 'booked')),
  start_time timestamp not null,
  end_time timestamp not null,
  is_recurring boolean not null default false,
  recurrence_rule varchar(200),
  -- Days on which it does not start.
  except_dates date[] not null default '{}',
  notes varchar(500),
  -- Every time that begins before this stands in `booking.rule_times`; infinity when there are no more.
  expanded_until timestamptz not null,
  version integer not null default 1,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  constraint availability_rules_valid_time_range_check check (end_time > start_time),
  constraint availability_rules_length_check check (end_time - start_time <= interval '366 days'),
  constraint availability_rules_is_recurring_check check (is_recurring = (recurrence_rule is not null)),
  constraint availability_rules_except_dates_check check (cardinality(except_dates) <= 100)
);
create index availability_rules_resource_id_idx on booking.availability_rules (resource_id, start_time, end_time);
create index availability_rules_availability_type_idx on booking.availability_rules (availability_type, resource_id);
create index availability_rules_owner_id_idx on booking.availability_rules (owner_id);
create index availability_rules_expanded_until_idx on booking.availability_rules (marketplace, expanded_until)
  where expanded_until < 'infinity';
create trigger availability_rules_touch before update on booking.availability_rules
  for each row execute function app.touch_updated_at();
select app.protect('booking.availability_rules');
create policy api_select on booking.availability_rules for select to vicinity_api
  using (marketplace = (select app.marketplace()) and owner_id = (select app.actor()));
grant select on booking.availability_rules to vicinity_api, vicinity_worker;

-- The times of each rule, as moments: what its expansion has come to.
create table booking.rule_times (
  rule_id uuid not null constraint rule_times_rule_id_fkey references booking.availability_rules on delete cascade,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  constraint rule_times_pkey primary key (rule_id, starts_at),
  constraint rule_times_time_check check (ends_at > starts_at)
);
select app.protect('booking.rule_times');

-- The times in which a resource with hours is open: those of its rules, made one where they touch. So a time is open when one row
-- contains it, and that row is the last one to begin before it.
create table booking.open_times (
  resource_id uuid not null constraint open_times_resource_id_fkey references booking.resources on delete cascade,
  marketplace text not null constraint open_times_marketplace_fkey references app.marketplaces,
  opens_at timestamptz not null,
  closes_at timestamptz not null,
  constraint open_times_pkey primary key (resource_id, opens_at),
  constraint open_times_time_check check (closes_at > opens_at)
);
select app.protect('booking.open_times');

-- What anybody may know of a listed resource's hours. With the owner's rights, for searches that ask for many at once:
-- open at a time = `to <= always_open_until`, or a row of `booking.open_hours` with `opens_at <= from and closes_at >= to`.
create view booking.listed_resources as
  select r.id, r.time_zone, r.capacity, r.buffer_before, r.buffer_after, r.minimum_seconds, r.maximum_seconds, r.notice_seconds,
         r.always_open_until
  from booking.resources r
  where r.marketplace = (select app.marketplace()) and r.is_listed;
create view booking.open_hours as
  select o.resource_id, o.opens_at, o.closes_at from booking.open_times o where o.marketplace = (select app.marketplace());
grant select on booking.listed_resources, booking.open_hours to vicinity_api;
