import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Aws, arnOf, type BusEvent } from '../../local/aws/aws.ts';
import { callAs, startOwnAws } from './shared-aws.ts';

let aws: Aws;
let url: string;
const delivered: BusEvent[] = [];

beforeAll(async () => {
  aws = await startOwnAws();
  const queue = await aws.declareQueue({ name: 'notifications' });
  url = queue.url;
  aws.declareBus({ name: 'vicinity' });
  aws.declareRule({
    name: 'notifications',
    bus: 'vicinity',
    pattern: { 'detail-type': ['booking.placed'], detail: { marketplace: ['homigo', 'handie'] } },
    targets: [
      { queueArn: queue.arn },
      { arn: arnOf('lambda', 'function:x'), deliver: async event => void delivered.push(event) },
    ],
  });
});
afterAll(() => aws.close());

const put = (entry: object) =>
  new EventBridgeClient(callAs(aws)).send(
    new PutEventsCommand({
      Entries: [{ EventBusName: 'vicinity', Source: 'vicinity', DetailType: 'booking.placed', ...entry }],
    }),
  );

describe('an event', () => {
  test('reaches the targets of the rules that match it, and no others', async () => {
    const Detail = JSON.stringify({ event_id: '1', marketplace: 'homigo' });
    await put({ Detail: JSON.stringify({ marketplace: 'spacall' }) });
    await put({ Detail, DetailType: 'booking.cancelled' });
    const { Entries } = await put({ Detail, Time: new Date('2026-03-01T10:00:00.500Z') });
    const received = new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 });
    const { Messages = [] } = await new SQSClient(callAs(aws)).send(received);
    const event = {
      version: '0',
      id: Entries?.[0]?.EventId,
      'detail-type': 'booking.placed',
      source: 'vicinity',
      account: '000000000000',
      time: '2026-03-01T10:00:00Z',
      region: 'us-east-1',
      resources: [],
      detail: { event_id: '1', marketplace: 'homigo' },
    };
    expect(Messages.map(message => JSON.parse(message.Body ?? ''))).toEqual([event]);
    expect(delivered).toEqual([event]);
  });

  test.each([
    [{ Detail: '{' }, 'MalformedDetail'],
    [{ Detail: '[]' }, 'MalformedDetail'],
    [{ Source: undefined, Detail: '{}' }, 'InvalidArgument'],
  ])('that is wrong is refused by itself: %o', async (entry, ErrorCode) => {
    expect(await put(entry)).toMatchObject({ FailedEntryCount: 1, Entries: [{ ErrorCode }] });
  });

  test('needs a bus that exists, and comes with at most nine others', async () => {
    await expect(put({ Detail: '{}', EventBusName: 'none' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    const Entries = Array.from({ length: 11 }, () => ({ Source: 's', DetailType: 'd', Detail: '{}' }));
    await expect(
      new EventBridgeClient(callAs(aws)).send(new PutEventsCommand({ Entries })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });
});
