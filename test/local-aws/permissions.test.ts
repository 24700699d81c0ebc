import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GenerateMacCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { PinpointSMSVoiceV2Client, SendTextMessageCommand } from '@aws-sdk/client-pinpoint-sms-voice-v2';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendWhatsAppMessageCommand, SocialMessagingClient } from '@aws-sdk/client-socialmessaging';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Aws, arnOf, type Statement } from '../../local/aws/aws.ts';
import { dataApi } from './data-api.ts';
import { callAs, startOwnAws } from './shared-aws.ts';

let aws: Aws;
let queueUrl: string;

beforeAll(async () => {
  aws = await startOwnAws();
  queueUrl = (await aws.declareQueue({ name: 'letters' })).url;
  await aws.declareTopic({ name: 'news' });
  await aws.declareBucket({ name: 'uploads' });
  aws.declarePrincipal({
    accessKeyId: 'nobody',
    arn: 'arn:aws:iam::000000000000:role/nobody',
    statements: [],
  });
});
afterAll(() => aws.close());

const may = (...statements: Omit<Statement, 'Effect'>[]) =>
  aws.declarePrincipal({
    accessKeyId: 'reader',
    statements: statements.map(statement => ({ Effect: 'Allow', ...statement })),
  });

describe('a caller without the permission', () => {
  const message = Buffer.from('m');
  const calls: [string, string, (caller: ReturnType<typeof callAs>) => Promise<unknown>][] = [
    [
      'kms:Sign',
      'AccessDeniedException',
      caller => {
        const input = {
          KeyId: aws.keys.tokenKeyArn,
          Message: message,
          SigningAlgorithm: 'ECDSA_SHA_256',
        } as const;
        return new KMSClient(caller).send(new SignCommand(input));
      },
    ],
    [
      'secretsmanager:GetSecretValue',
      'AccessDeniedException',
      caller =>
        new SecretsManagerClient(caller).send(new GetSecretValueCommand({ SecretId: aws.secrets.api })),
    ],
    [
      'sqs:SendMessage',
      'AccessDeniedException',
      caller => new SQSClient(caller).send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'x' })),
    ],
    [
      'sns:Publish',
      'AuthorizationErrorException',
      caller =>
        new SNSClient(caller).send(new PublishCommand({ TopicArn: arnOf('sns', 'news'), Message: 'x' })),
    ],
    [
      's3:GetObject',
      'AccessDenied',
      caller => new S3Client(caller).send(new GetObjectCommand({ Bucket: 'uploads', Key: 'a/b.jpg' })),
    ],
    [
      'events:PutEvents',
      'AccessDeniedException',
      caller =>
        new EventBridgeClient(caller).send(
          new PutEventsCommand({ Entries: [{ Source: 's', DetailType: 'd', Detail: '{}' }] }),
        ),
    ],
    [
      'ses:SendEmail',
      'AccessDeniedException',
      caller =>
        new SESv2Client(caller).send(
          new SendEmailCommand({
            FromEmailAddress: 'no-reply@vicinity.example',
            Destination: { ToAddresses: ['a@b.example'] },
            Content: { Simple: { Subject: { Data: 's' }, Body: { Text: { Data: 't' } } } },
          }),
        ),
    ],
    [
      'sms-voice:SendTextMessage',
      'AccessDeniedException',
      caller =>
        new PinpointSMSVoiceV2Client(caller).send(
          new SendTextMessageCommand({ DestinationPhoneNumber: '+15005550006', MessageBody: 'x' }),
        ),
    ],
    [
      'social-messaging:SendWhatsAppMessage',
      'AccessDeniedException',
      caller =>
        new SocialMessagingClient(caller).send(
          new SendWhatsAppMessageCommand({
            originationPhoneNumberId: 'phone-number-id-0',
            message,
            metaApiVersion: 'v20.0',
          }),
        ),
    ],
    [
      'rds-data:ExecuteStatement',
      'AccessDeniedException',
      caller => dataApi(aws, caller.credentials.accessKeyId).run('select 1'),
    ],
  ];

  test.each(calls)('is refused %s by %s', async (action, name, call) => {
    const refusal = call(callAs(aws, 'nobody'));
    await expect(refusal).rejects.toMatchObject({ name });
    await expect(refusal).rejects.toThrow(
      `role/nobody is not authorized to perform: ${action} on resource: `,
    );
  });

  test('is refused another use of the same key', async () => {
    may({ Action: 'kms:Sign', Resource: aws.keys.tokenKeyArn });
    const kms = new KMSClient(callAs(aws, 'reader'));
    const message = Buffer.from('m');
    const sign = {
      KeyId: aws.keys.tokenKeyArn,
      Message: message,
      SigningAlgorithm: 'ECDSA_SHA_256',
    } as const;
    await expect(kms.send(new SignCommand(sign))).resolves.toBeDefined();
    const mac = { KeyId: aws.keys.hashKeyArn, Message: message, MacAlgorithm: 'HMAC_SHA_256' } as const;
    await expect(kms.send(new GenerateMacCommand(mac))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });

  test('needs the secret as well as the cluster', async () => {
    const cluster = { Action: 'rds-data:*', Resource: aws.clusterArn };
    may(cluster, { Action: 'secretsmanager:GetSecretValue', Resource: aws.secrets.api });
    const { run } = dataApi(aws, 'reader');
    await expect(run('select 1')).rejects.toThrow(
      `secretsmanager:GetSecretValue on resource: ${aws.secrets.owner}`,
    );
    may(cluster, { Action: 'secretsmanager:GetSecretValue', Resource: aws.secrets.owner });
    await expect(run('select 1')).resolves.toBeDefined();
  });

  test("needs the customer's key of an encrypted secret and of an encrypted queue", async () => {
    const arn = arnOf('secretsmanager', 'secret:locked-AAAAAA');
    aws.declareSecret({ arn, template: { username: 'x' }, kmsKeyArn: aws.keys.dataKeyArn });
    const attributes = { KmsMasterKeyId: aws.keys.dataKeyArn };
    const { url } = await aws.declareQueue({ name: 'locked', attributes });
    may({ Action: ['secretsmanager:GetSecretValue', 'sqs:SendMessage'], Resource: '*' });
    const caller = callAs(aws, 'reader');
    const secret = () => new SecretsManagerClient(caller).send(new GetSecretValueCommand({ SecretId: arn }));
    const send = () =>
      new SQSClient(caller).send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x' }));
    await expect(secret()).rejects.toThrow('kms:Decrypt');
    await expect(send()).rejects.toThrow('kms:Decrypt');
    may({ Action: '*', Resource: '*' });
    await expect(secret()).resolves.toBeDefined();
    await expect(send()).resolves.toBeDefined();
  });
});

describe('a caller that nobody declared', () => {
  test('has no valid token', async () => {
    await expect(dataApi(aws, 'stranger').run('select 1')).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
  });
});

describe('an explicit deny', () => {
  test('wins over an allow', async () => {
    aws.declarePrincipal({
      accessKeyId: 'reader',
      statements: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'sqs:*', Resource: arnOf('sqs', 'letters') },
      ],
    });
    const sqs = new SQSClient(callAs(aws, 'reader'));
    await expect(sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'x' }))).rejects.toThrow(
      /with an explicit deny in an identity-based policy$/,
    );
  });
});
