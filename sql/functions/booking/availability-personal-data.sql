-- What resources and their hours tell of their owners.
select privacy.register('booking.availability_rules', 't.owner_id = $1', 'erase', 'until the purge', purge_order => 50);
select privacy.register('booking.resources', 't.owner_id = $1', 'erase', 'until the purge', purge_order => 60,
  at_deletion => 'update booking.resources set is_listed = false where owner_id = $1 and is_listed');
