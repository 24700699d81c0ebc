-- What subscriptions and passes hold on people: what they bought and when, under opaque ids. A subscription of a closed account is not
-- renewed: see `money.renews`.
select privacy.register('money.subscriptions', 't.user_id = $1', 'anonymise', '7 years and longer: the books, under opaque ids');
select privacy.register('money.subscription_charges',
  't.subscription_id in (select s.id from money.subscriptions s where s.user_id = $1)', 'anonymise', 'with the subscription',
  hidden => '{tries,is_due,claimed_until}');
select privacy.register('money.listing_passes', 't.user_id = $1', 'anonymise', '7 years and longer: the books, under opaque ids');
select privacy.register('money.plans', 'false', 'keep', 'configuration', exported => false);
select privacy.register('money.products', 'false', 'keep', 'configuration', exported => false);
select privacy.register('money.pass_subjects', 'false', 'keep', 'configuration', exported => false);
