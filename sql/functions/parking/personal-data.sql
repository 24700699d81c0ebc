-- What spaces tell of their owners.
select privacy.register('parking.space_secrets', 't.owner_id = $1', 'erase', 'until the purge', purge_order => 50);
select privacy.register('parking.spaces', 't.owner_id = $1', 'erase', 'until the purge',
  shown => '{"location": "app.place(t.location)"}', purge_order => 60,
  at_deletion => 'update parking.spaces set listing_status = ''inactive'' where owner_id = $1 and listing_status = ''active''');
