import { wakeUp } from '../kernel/queue.ts';
import { relayOutbox } from './relay.ts';

/** Relays as soon as a write has caused an event: the request that wrote it sends the nudge. */
export const handler = wakeUp({
  queue: 'relay',
  summary: 'Relay the outbox to the bus when nudged',
  needs: ['event-bus'],
  run: ({ db }) => relayOutbox(db),
});
