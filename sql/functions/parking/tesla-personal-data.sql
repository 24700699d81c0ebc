-- What access and Tesla tell of drivers. Positions are never stored.
select privacy.register('parking.access_codes', 't.customer_id = $1', 'erase', 'until the purge');
select privacy.register('parking.tesla_trips', 't.user_id = $1', 'erase', 'until the purge', purge_order => 50);
select privacy.register('parking.tesla_attempts',
  'exists (select from parking.tesla_trips r where r.booking_id = t.booking_id and r.user_id = $1)', 'erase', 'until the purge',
  purge_order => 40);
