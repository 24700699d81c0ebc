-- What spaces and vehicles tell of their owners.
select privacy.register('parking.space_photos', 't.owner_id = $1', 'erase', 'until the purge', purge_order => 40);
select privacy.register('parking.space_secrets', 't.owner_id = $1', 'erase', 'until the purge', purge_order => 50);
select privacy.register('parking.spaces', 't.owner_id = $1', 'erase', 'until the purge', hidden => '{title_words,cover_object,reviewed_by}',
  shown => '{"location": "app.place(t.location)"}', purge_order => 60,
  at_deletion => 'update parking.spaces set listing_status = ''inactive'' where owner_id = $1 and listing_status = ''active''');
select privacy.register('parking.vehicles', 't.user_id = $1', 'erase', 'until the purge',
  at_deletion => 'update parking.vehicles set is_active = false where user_id = $1 and is_active');
