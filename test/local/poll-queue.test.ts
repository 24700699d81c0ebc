import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { AppClock } from '../../local/app-clock.ts';
import type { LambdaFunction } from '../../local/functions/lambda-function.ts';
import { pollQueue } from '../../local/sources/poll-queue.ts';
import { queueClient } from '../../local/sources/queue-client.ts';
import { readBatchFailures } from '../../local/sources/read-batch-failures.ts';
import { makeFunction } from './fixtures/lambda.ts';

let server: Awaited<ReturnType<typeof startFauxqs>>;
let client: SQSClient;

beforeAll(async () => {
  server = await startFauxqs({ port: 0, logger: false });
  client = queueClient(`http://127.0.0.1:${server.port}`, 'test');
});

afterAll(async () => {
  client.destroy();
  await server.stop();
});

/** A queue that gives up after two deliveries, and a function that reads it. */
async function setUp(exported: string, reportsFailures = true) {
  const made = async (name: string, Attributes: Record<string, string>): Promise<string> => {
    const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
    return QueueUrl ?? '';
  };
  const deadLetters = await made(`${exported}-dead-letters`, {});
  const queue = await made(exported, {
    VisibilityTimeout: '300',
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: `arn:aws:sqs:us-east-1:000000000000:${exported}-dead-letters`,
      maxReceiveCount: 2,
    }),
  });
  const { lambda, clock } = makeFunction(exported, { handler: `queue.${exported}` });
  const poller = pollQueue(
    {
      queueArn: `arn:aws:sqs:us-east-1:000000000000:${exported}`,
      queueUrl: queue,
      target: lambda,
      batchSize: 10,
      window: 0,
      reportsFailures,
      visibilityTimeout: 300,
    },
    queueClient(`http://127.0.0.1:${server.port}`, 'poller'),
    queueClient(`http://127.0.0.1:${server.port}`, 'admin'),
    clock,
    line => expect.unreachable(line),
  );
  onTestFinished(() => poller.close());
  return { lambda, clock, queue, deadLetters };
}

const send = (queue: string, body: string) =>
  client.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: body }));

/** Messages on the queue: waiting, and in flight. */
async function countOf(queue: string): Promise<[string?, string?]> {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: ['All'] }),
  );
  return [Attributes?.ApproximateNumberOfMessages, Attributes?.ApproximateNumberOfMessagesNotVisible];
}

const invoked = (lambda: LambdaFunction, times: number) =>
  vi.waitFor(() => expect(lambda.statistics().invocations).toBe(times), { timeout: 5000, interval: 10 });

/** Lets the visibility timeout pass once the failed delivery is over. */
async function letTimePass(clock: AppClock, queue: string): Promise<void> {
  await vi.waitFor(async () => expect(await countOf(queue)).toEqual(['0', '1']), { interval: 10 });
  clock.advance(300);
}

describe('an event-source mapping', () => {
  test('deletes what the function consumed', async () => {
    const { lambda, queue } = await setUp('consume');
    await send(queue, 'one');
    await invoked(lambda, 1);
    await vi.waitFor(async () => expect(await countOf(queue)).toEqual(['0', '0']), { interval: 10 });
  });

  test('delivers a failed record again after its visibility timeout, then gives it up', async () => {
    const { lambda, clock, queue, deadLetters } = await setUp('failsBad');
    await send(queue, 'good');
    await invoked(lambda, 1);
    await send(queue, 'bad');
    await invoked(lambda, 2);
    await letTimePass(clock, queue);
    await invoked(lambda, 3);
    await letTimePass(clock, queue);
    const { Messages } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: deadLetters, WaitTimeSeconds: 5 }),
    );
    expect(Messages?.map(({ Body }) => Body)).toEqual(['bad']);
    expect(await countOf(queue)).toEqual(['0', '0']);
  });

  test('keeps the whole batch of a function that throws', async () => {
    const { lambda, queue } = await setUp('throws');
    await send(queue, 'one');
    await invoked(lambda, 1);
    await vi.waitFor(async () => expect(await countOf(queue)).toEqual(['0', '1']), { interval: 10 });
  });
});

describe('the failures in an answer', () => {
  test.each([
    ['nothing', 'null', []],
    ['an empty list', '{"batchItemFailures":[]}', []],
    ['no list', '{"batchItemFailures":null}', []],
    ['another answer', '{"done":true}', []],
    ['one record', '{"batchItemFailures":[{"itemIdentifier":"b"}]}', ['b']],
    ['an empty identifier', '{"batchItemFailures":[{"itemIdentifier":""}]}', ['a', 'b']],
    ['an identifier of no record', '{"batchItemFailures":[{"itemIdentifier":"z"}]}', ['a', 'b']],
    ['an entry without an identifier', '{"batchItemFailures":[{}]}', ['a', 'b']],
    ['a list that is none', '{"batchItemFailures":"b"}', ['a', 'b']],
  ])('of %s', (_, payload, expected) => {
    expect(readBatchFailures(payload, ['a', 'b'])).toEqual(expected);
  });
});
