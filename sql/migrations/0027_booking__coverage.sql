-- By the status of a listing first, as both documents have it.
drop index parking.spaces_listing_status_idx;
create index spaces_listing_status_idx on parking.spaces (listing_status, marketplace, id);

-- They take which booking is moved now.
drop function if exists booking.free_units(uuid, integer, tstzrange), booking.why_closed(uuid, tstzrange);
