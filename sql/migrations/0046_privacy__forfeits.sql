-- They take what is given up of a wallet.
drop function if exists privacy.check_deletable(uuid);
drop function if exists privacy.begin_deletion();
drop function if exists privacy.delete_account(jsonb);
