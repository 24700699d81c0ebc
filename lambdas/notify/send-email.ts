import { queue } from '../kernel/queue.ts';
import { deliverMessage } from './deliver-message.ts';
import { Queued, queuedEvents } from './notify.ts';

/** Sends e-mails by SES. */
export const handler = queue({
  queue: 'email',
  pattern: { 'detail-type': queuedEvents, detail: { channel: ['email'] } },
  summary: 'Send e-mails',
  event: Queued,
  needs: ['email', 'keyed-hash'],
  run: (queued, delivery) =>
    deliverMessage(queued, 'email', delivery, async letter => {
      const { sendEmail } = await import('./ses.ts');
      return sendEmail(letter);
    }),
});
