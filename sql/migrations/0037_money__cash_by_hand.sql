-- Cash that was given for what did not take place goes back as it came: from hand to hand. The platform never had it.
alter table money.refunds drop constraint refunds_method_check;
alter table money.refunds add constraint refunds_method_check check (method in ('gateway', 'wallet', 'credits', 'cash'));
