import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';

type Bookings = { bookings: string[] };

/** What must be true of the tables at every moment: one row for each thing that is not. */
export const wrongs = (world: Bookings) =>
  asOwner(sql`
    with mine as (
      select b.*, f.live, f.transitions, f.cancelled, f.instant, f.on_request, f.unpaid
      from booking.bookings b join booking.flows f on f.id = b.flow_id
      where b.id = any (array(select jsonb_array_elements_text(${world.bookings}::jsonb)::uuid)))
    select 'two bookings of one unit overlap' as wrong, a.id from mine a join mine b
      on a.id < b.id and a.resource_id = b.resource_id and a.unit = b.unit
      and tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
      and a.status = any (a.live) and b.status = any (b.live)
      and coalesce(a.expires_at > ${new Date().toISOString()}::timestamptz, true)
      and coalesce(b.expires_at > ${new Date().toISOString()}::timestamptz, true)
    union all select 'a car is in two places', a.id from mine a join mine b
      on a.id < b.id and a.subject_id = b.subject_id
      and tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
      and a.status = any (a.live) and b.status = any (b.live)
      and coalesce(a.expires_at > ${new Date().toISOString()}::timestamptz, true)
      and coalesce(b.expires_at > ${new Date().toISOString()}::timestamptz, true)
    union all select 'a reservation outlives its booking', m.id from mine m join booking.reservations r on r.booking_id = m.id
      where m.status <> all (m.live)
    union all select 'a live booking does not hold exactly its time', m.id from mine m
      where m.status = any (m.live) and coalesce(m.expires_at > ${new Date().toISOString()}::timestamptz, true)
        and (select coalesce(jsonb_agg(jsonb_build_array(r.resource_id, r.unit, r.during, r.kind, r.expires_at) order by r.resource_id), '[]')
             from booking.reservations r where r.booking_id = m.id and (m.expires_at is not null or r.kind = 'booking'))
          <> (select jsonb_agg(jsonb_build_array(w.resource_id, w.unit, w.during,
                case when m.expires_at is null then 'booking' else 'hold' end, m.expires_at) order by w.resource_id)
              from (select m.resource_id, m.unit, tstzrange(m.starts_at - make_interval(secs => m.buffer_before),
                                                            m.ends_at + make_interval(secs => m.buffer_after)) as during
                    union all select m.subject_id, 1, tstzrange(m.starts_at, m.ends_at) where m.subject_id is not null) as w)
    union all select 'a hold is left of a request to move that is over', m.id from mine m join booking.reservations r
      on r.booking_id = m.id and r.kind = 'hold' and m.expires_at is null
      where m.move_request is null or r.expires_at <> (m.move_request ->> 'expires_at')::timestamptz
    union all select 'a request to move does not hold what it adds', m.id from mine m, lateral (
        select m.resource_id, tstzrange((m.move_request ->> 'starts_at')::timestamptz - make_interval(secs => m.buffer_before),
                                        (m.move_request ->> 'ends_at')::timestamptz + make_interval(secs => m.buffer_after)) as during
        union all select m.subject_id, tstzrange((m.move_request ->> 'starts_at')::timestamptz, (m.move_request ->> 'ends_at')::timestamptz)
        where m.subject_id is not null) as w
      where (m.move_request ->> 'expires_at')::timestamptz > ${new Date().toISOString()}::timestamptz and not exists (
        select from booking.reservations r where r.booking_id = m.id and r.resource_id = w.resource_id
        group by r.unit having range_agg(r.during) @> w.during)
    union all select 'a booking that is not live is to be moved', m.id from mine m
      where m.move_request is not null and (m.status <> all (m.live) or m.awaits is not null)
    union all select 'a request to move did not end once', s.booking_id from (
        select t.booking_id, count(*) filter (where t.event = 'move_requested') as asked,
          count(*) filter (where t.event in ('move_declined', 'move_withdrawn', 'move_expired', 'move_ended')
            or t.event = 'moved' and t.party = 'provider') as ended
        from booking.timeline t join mine m on m.id = t.booking_id group by 1) as s join mine m on m.id = s.booking_id
      where s.asked <> s.ended + (m.move_request is not null)::integer
    union all select 'a request to move was told otherwise than it is written', m.id from mine m
      where (select count(*) from booking.timeline t where t.booking_id = m.id and t.event ~ '^move')
        <> (select count(*) from app.outbox o where o.payload ->> 'booking_id' = m.id::text and o.type ~ '^booking[.]move')
    union all select 'a status was reached by no declared step', m.id from mine m join booking.timeline t on t.booking_id = m.id
      where t.from_status is not null and t.from_status <> t.to_status and t.event <> 'paid' and not exists (
        select from jsonb_array_elements(m.transitions) as s
        where s ->> 'from' = t.from_status and s ->> 'to' = t.to_status and s -> 'by' ? t.party)
    union all select 'the timeline has a gap', s.booking_id from (
        select t.booking_id, t.from_status, lag(t.to_status) over (partition by t.booking_id order by t.version, t.id) as before
        from booking.timeline t join mine m on m.id = t.booking_id) as s
      where s.from_status is distinct from s.before
    union all select 'the timeline does not end where the booking stands', m.id from mine m
      where m.status <> (select t.to_status from booking.timeline t where t.booking_id = m.id order by t.version desc, t.id desc limit 1)
    union all select 'the total is not the sum of the lines', m.id from mine m
      where m.total_amount <> (select sum((l ->> 'amount')::bigint) from jsonb_array_elements(m.line_items) as l)
        or m.total_amount <> m.subtotal_amount + m.fee_amount
    union all select 'a refund is not the sum of its lines', m.id from mine m
      where m.refund_amount <> (select coalesce(sum((l ->> 'amount')::bigint), 0) from jsonb_array_elements(m.refund_items) as l)
    union all select 'a live booking that waits or has a timer has no clock', m.id from mine m
      where (m.expires_at is not null or m.status = 'confirmed' or m.move_request is not null) and not exists (
        select from app.timers t where t.kind = 'booking.clock' and t.subject_id = m.id and t.settled_at is null)`);

/** Bookings that were not told to have ended exactly once. */
export const wronglyTold = (world: Bookings) =>
  asOwner(sql`
    select b.id, count(o.id)::integer as times
    from jsonb_array_elements_text(${world.bookings}::jsonb) as b (id)
    left join app.outbox o on o.payload ->> 'booking_id' = b.id and o.type in ('booking.cancelled', 'booking.declined',
      'booking.expired', 'booking.payment_expired', 'booking.completed', 'booking.no_show')
    group by b.id having count(o.id) <> 1`);

/** What became of the requests to move. */
export const answersOf = (world: Bookings) =>
  asOwner(sql`
    select distinct t.event as answer from booking.timeline t
    where t.booking_id = any (array(select jsonb_array_elements_text(${world.bookings}::jsonb)::uuid))
      and (t.event ~ '^move_' and t.event <> 'move_requested' or t.event = 'moved' and t.party = 'provider')`);
