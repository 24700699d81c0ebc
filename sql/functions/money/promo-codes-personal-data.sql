-- What promo codes hold on people: who has used which, under opaque ids, as the books of the bookings do.
select privacy.register('money.promo_code_usages', 't.user_id = $1', 'anonymise', 'with the booking: the books, under opaque ids');
select privacy.register('money.promo_codes', 'false', 'keep', 'configuration', exported => false);
