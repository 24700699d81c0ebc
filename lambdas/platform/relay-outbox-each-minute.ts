import { schedule } from '../kernel/schedule.ts';
import { relayOutbox } from './relay.ts';

/** Relays what no nudge announced: events whose request died after its commit, or that the bus refused before. */
export const handler = schedule({
  name: 'relay-outbox',
  expression: 'rate(1 minute)',
  metrics: { EventsRefused: 'failed' },
  summary: 'Relay the outbox to the bus each minute',
  needs: ['event-bus'],
  run: ({ db }) => relayOutbox(db),
});
