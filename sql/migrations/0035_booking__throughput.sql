-- What a booking costs the database: fewer look-ups behind each row, and none that another one implies.

-- A handler of a step takes the booking's id, or the row itself: bookings are partitioned, and a statement that reads one by its id
-- is planned anew at each call.
alter table booking.step_handlers add column takes text not null default 'id'
  constraint step_handlers_takes_check check (takes in ('id', 'row'));
update booking.step_handlers set takes = 'row' where handler in ('parking.issue_access', 'parking.begin_tesla_trip');
drop function if exists parking.issue_access(uuid), parking.begin_tesla_trip(uuid);

-- Each booking has a number, which is unique over all partitions; a number is written first. The other way round each number was
-- looked up in every partition.
alter table booking.numbers drop constraint numbers_booking_id_fkey;
alter table booking.bookings add constraint bookings_id_fkey foreign key (id) references booking.numbers (booking_id);

-- A booking's status is one of its flow's, its parties are people of the marketplace, and what has a booking's id is of its marketplace
-- and of its customer. The one row of a marketplace was locked for each of these by everybody at once.
alter table booking.bookings drop constraint bookings_flow_id_fkey, drop constraint bookings_marketplace_fkey;
alter table booking.reservations drop constraint reservations_marketplace_fkey;
alter table parking.access_codes drop constraint access_codes_marketplace_fkey, drop constraint access_codes_customer_id_fkey;

-- They take or return more now.
drop function if exists booking.place(jsonb), booking.next_timer(booking.bookings, booking.flows);
