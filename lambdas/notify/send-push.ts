import { EndpointDisabledException, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { type Delivery, queue } from '../kernel/queue.ts';
import { sql } from '../kernel/sql.ts';
import { deliverMessage, Undeliverable } from './deliver-message.ts';
import { type Letter, Queued } from './notify.ts';

let client: SNSClient | undefined;

/** Sends push messages to each device of a person, by SNS. */
export const handler = queue({
  queue: 'push',
  pattern: { 'detail-type': ['notify.message_queued'], detail: { channel: ['push'] } },
  summary: 'Send push messages',
  event: Queued,
  needs: ['push'],
  run: (queued, delivery) => deliverMessage(queued, 'push', delivery, letter => publish(letter, delivery)),
});

/** One device that took the message is enough: trying again would show it twice there. */
async function publish(letter: Letter, { db }: Delivery): Promise<string | undefined> {
  client ??= new SNSClient();
  const sns = client;
  const results = await Promise.allSettled(
    letter.destinations.map(async TargetArn => {
      try {
        const { MessageId } = await sns.send(
          new PublishCommand({ TargetArn, MessageStructure: 'json', Message: platformMessage(letter) }),
        );
        return MessageId;
      } catch (error) {
        if (!(error instanceof EndpointDisabledException)) throw error;
        await db.execute(sql`select notify.disable_device(${TargetArn}::text)`);
        throw new Undeliverable('The app is gone from this device.', { cause: error });
      }
    }),
  );
  const sent = results.find(result => result.status === 'fulfilled');
  if (sent) return sent.value;
  const reasons = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
  throw reasons.find(reason => !(reason instanceof Undeliverable)) ?? reasons[0];
}

/** SNS picks the part of the endpoint's platform. */
function platformMessage({ subject: title, short: body }: Letter): string {
  return JSON.stringify({
    default: body,
    APNS: JSON.stringify({ aps: { alert: { title, body } } }),
    GCM: JSON.stringify({ fcmV1Message: { message: { notification: { title, body } } } }),
  });
}
