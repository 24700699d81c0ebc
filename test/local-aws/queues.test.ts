import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreatePlatformEndpointCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Aws, arnOf } from '../../local/aws/aws.ts';
import { callAs, startOwnAws } from './shared-aws.ts';

let aws: Aws;
let sqs: SQSClient;

beforeAll(async () => {
  aws = await startOwnAws();
  sqs = new SQSClient(callAs(aws));
});
afterAll(() => aws.close());

const receive = async (QueueUrl: string, WaitTimeSeconds = 0) =>
  (await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds, MaxNumberOfMessages: 10 })))
    .Messages ?? [];

describe('a queue', () => {
  test('is at the endpoint, and found by its name', async () => {
    const { url, arn } = await aws.declareQueue({ name: 'found' });
    expect(url).toBe(`${aws.endpoint}/000000000000/found`);
    expect(arn).toBe(arnOf('sqs', 'found'));
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName: 'found' }))).QueueUrl).toBe(url);
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'lost' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
    });
  });

  test('takes a batch and counts what is in it', async () => {
    const { url } = await aws.declareQueue({ name: 'batch' });
    const Entries = ['a', 'b'].map(Id => ({ Id, MessageBody: Id }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    const [first] = await receive(url);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle }));
    expect(await aws.queueDepths()).toContainEqual({ name: 'batch', ready: 0, delayed: 0, inFlight: 1 });
  });

  test('wakes a receiver that waits', async () => {
    const { url } = await aws.declareQueue({ name: 'waiting' });
    const waiting = receive(url, 20);
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'late' }));
    expect(await waiting).toMatchObject([{ Body: 'late' }]);
  });

  test('moves a message that failed too often to its dead-letter queue', async () => {
    const dead = await aws.declareQueue({ name: 'dead' });
    const redrive = { deadLetterArn: dead.arn, maxReceiveCount: 2 };
    const { url } = await aws.declareQueue({ name: 'redriven', redrive });
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'poison' }));
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const [message] = await receive(url);
      const again = { QueueUrl: url, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 0 };
      await sqs.send(new ChangeMessageVisibilityCommand(again));
    }
    expect(await receive(url)).toEqual([]);
    expect(await receive(dead.url)).toMatchObject([{ Body: 'poison' }]);
  });
});

describe('a topic', () => {
  test('hands what is published to its queues', async () => {
    const topic = await aws.declareTopic({ name: 'delivery-events' });
    const queue = await aws.declareQueue({ name: 'delivered' });
    const attributes = { RawMessageDelivery: 'true' };
    await aws.declareSubscription({ topicArn: topic.arn, queueArn: queue.arn, attributes });
    await new SNSClient(callAs(aws)).send(new PublishCommand({ TopicArn: topic.arn, Message: '{"a":1}' }));
    expect(await receive(queue.url)).toMatchObject([{ Body: '{"a":1}' }]);
  });
});

describe('a platform endpoint', () => {
  const PlatformApplicationArn = arnOf('sns', 'app/GCM/vicinity');

  test('is the same for the same token, and receives pushes', async () => {
    const sns = new SNSClient(callAs(aws));
    const create = () =>
      sns.send(new CreatePlatformEndpointCommand({ PlatformApplicationArn, Token: 'abc' }));
    const { EndpointArn: TargetArn } = await create();
    expect((await create()).EndpointArn).toBe(TargetArn);
    await sns.send(new PublishCommand({ TargetArn, Message: 'hello' }));
    expect(aws.messages.list({ channel: 'push' })).toMatchObject([{ to: TargetArn, body: 'hello' }]);
  });

  test('can be disabled by a fault', async () => {
    aws.faults.add({ action: 'sns:Publish', kind: 'fail', error: 'EndpointDisabled', times: 1 });
    const push = new PublishCommand({ TargetArn: arnOf('sns', 'endpoint/GCM/vicinity/1'), Message: 'x' });
    await expect(new SNSClient(callAs(aws)).send(push)).rejects.toMatchObject({
      name: 'EndpointDisabledException',
    });
  });
});

describe('a bucket', () => {
  test('keeps objects, and asks for the permission of each', async () => {
    const { arn } = await aws.declareBucket({ name: 'photos' });
    const Key = 'homes/1 a.jpg';
    await new S3Client(callAs(aws)).send(new PutObjectCommand({ Bucket: 'photos', Key, Body: 'bytes' }));
    aws.declarePrincipal({
      accessKeyId: 'viewer',
      statements: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: `${arn}/homes/*` }],
    });
    const viewer = new S3Client(callAs(aws, 'viewer'));
    const { Body } = await viewer.send(new GetObjectCommand({ Bucket: 'photos', Key }));
    expect(await Body?.transformToString()).toBe('bytes');
    await expect(viewer.send(new GetObjectCommand({ Bucket: 'photos', Key: 'other' }))).rejects.toMatchObject(
      {
        name: 'AccessDenied',
      },
    );
    await expect(viewer.send(new ListObjectsV2Command({ Bucket: 'photos' }))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
  });
});
