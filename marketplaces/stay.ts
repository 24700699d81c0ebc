import type { Flow } from './marketplace.ts';

/**
 * What follows a confirmed booking of a place where somebody stays for a while: they come, or do not, and leave. A marketplace adds
 * how it gets to be confirmed.
 *
 * @param running the status of a booking whose customer has come
 */
export const stay = (running: string): Pick<Flow, 'transitions' | 'timers'> => ({
  transitions: [
    {
      from: 'confirmed',
      to: running,
      by: ['customer', 'provider', 'system'],
      opens: { of: 'starts_at', minutes: -15 },
      closes: { of: 'ends_at' },
      near: { by: ['customer'], metres: 200 },
    },
    { from: 'confirmed', to: 'cancelled', by: ['customer', 'provider', 'staff', 'system'] },
    {
      from: 'confirmed',
      to: 'no_show',
      by: ['provider', 'staff', 'system'],
      opens: { of: 'starts_at', policy: 'no_show.after_minutes' },
    },
    { from: running, to: 'completed', by: ['customer', 'staff', 'system'] },
    // The customer has paid for all of it: nobody else lets the rest once more.
    { from: running, to: 'completed', by: ['provider'], opens: { of: 'ends_at' } },
  ],
  timers: [
    {
      in: 'confirmed',
      due: { of: 'starts_at', policy: 'no_show.after_minutes' },
      to: 'no_show',
      reason: 'not_arrived',
    },
    {
      in: running,
      due: { of: 'ends_at', policy: 'overstay.grace_minutes' },
      event: 'booking.overstayed',
      reason: 'overstayed',
    },
    {
      in: running,
      due: { of: 'ends_at', policy: 'overstay.at_most_minutes' },
      to: 'completed',
      reason: 'ended_by_clock',
    },
  ],
});
