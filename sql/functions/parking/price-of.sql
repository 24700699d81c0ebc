-- The cheapest way to pay for a time: whole months (30 days), weeks and days, and the hourly rate for the exact rest, rounded half
-- up to the minor unit. A unit may cover more than is left, so a shorter time never costs more than a longer one. A rate that is
-- null is not offered. Amounts are in minor units. No time has no price.
--
-- Weeks and days are tried around their quotient only: seven days that are dearer than a week are a week, and the same holds of
-- days and hours. Months are tried all, since they are no multiple of a week.
create or replace function parking.price_of(hourly bigint, daily bigint, weekly bigint, monthly bigint, seconds bigint,
  out months integer, out weeks integer, out days integer, out rest_seconds bigint, out amount bigint)
language plpgsql immutable parallel safe as $$
declare
  hour constant bigint := 3600; day constant bigint := 86400; week constant bigint := 604800; month constant bigint := 2592000;
  by_day boolean := coalesce(daily < 24 * hourly, false);
  by_week boolean := coalesce(weekly < 7 * case when daily < 24 * hourly then daily else 24 * hourly end, false);
  after_months bigint; after_weeks bigint; rest bigint; cost bigint;
begin
  if seconds is null then return; end if;
  -- What no unit undercuts even once is paid by the hour: most searches ask for a few of them.
  cost := (2 * hourly * seconds + hour) / (2 * hour);
  if coalesce(cost <= least(daily, weekly, monthly), false) then
    months := 0; weeks := 0; days := 0; rest_seconds := seconds; amount := cost;
    return;
  end if;
  for m in 0 .. case when monthly is null then 0 else (seconds + month - 1) / month end loop
    after_months := greatest(seconds - m * month, 0);
    for w in case when by_week then after_months / week else 0 end
          .. case when by_week then (after_months + week - 1) / week else 0 end loop
      after_weeks := greatest(after_months - w * week, 0);
      for d in case when by_day then after_weeks / day else 0 end
            .. case when by_day then (after_weeks + day - 1) / day else 0 end loop
        rest := greatest(after_weeks - d * day, 0);
        cost := m * coalesce(monthly, 0) + w * coalesce(weekly, 0) + d * coalesce(daily, 0)
          + (2 * hourly * rest + hour) / (2 * hour);
        if amount is null or cost < amount then
          months := m; weeks := w; days := d; rest_seconds := rest; amount := cost;
        end if;
      end loop;
    end loop;
  end loop;
end $$;

-- A share of an amount in basis points, rounded half up: the customer's fee on a subtotal.
create or replace function parking.fee_of(subtotal bigint, basis_points integer) returns bigint
language sql immutable parallel safe as $$ select (2 * subtotal * basis_points + 10000) / 20000 $$;

-- What the marketplace adds to what the customer pays, in basis points of the subtotal. The setting is a percentage.
create or replace function parking.fee_basis_points(fallback integer) returns integer
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  -- Not by `app.setting`: the plan of this is kept.
  return coalesce((
    select round(t.value::numeric * 100)::integer from app.settings t
    where t.marketplace = app.marketplace() and t.key = 'platform_fee_percentage' and t.is_active), fallback);
end $$;

grant execute on function parking.price_of(bigint, bigint, bigint, bigint, bigint), parking.fee_of(bigint, integer),
  parking.fee_basis_points(integer) to vicinity_api, vicinity_worker;
