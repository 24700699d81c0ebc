import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { marketplaces } from '../../marketplaces/index.ts';
import { type Assembly, discard, HOUSE, pick, synthesise } from './assembly.ts';
import { roleOf, statementsOf } from './statements.ts';

let app: Assembly;

beforeAll(async () => {
  app = await synthesise({
    root: HOUSE,
    context: {
      'vicinity:alarm_email': 'oncall@vicinity.example',
      'vicinity:domains': {
        handie: { name: 'api.handie.example', certificate_arn: 'arn:aws:acm:eu-west-1:0:certificate/1' },
      },
    },
  });
}, 60_000);

afterAll(() => discard(app));

const functionNamed = (name: string) => pick(app, 'AWS::Lambda::Function', 'FunctionName', name);
const actionsOf = (name: string) =>
  statementsOf(roleOf(app, functionNamed(name))).map(({ action }) => action);

describe('the API', () => {
  test('has one throttled, logged stage for each marketplace', () => {
    const stages = app.of('AWS::ApiGatewayV2::Stage');
    expect(stages.map(stage => stage.Properties.StageName)).toEqual(marketplaces.map(({ slug }) => slug));
    for (const { Properties } of stages) {
      expect(Properties.AutoDeploy).toBe(true);
      expect(Properties.DefaultRouteSettings).toMatchObject({ ThrottlingRateLimit: 1000 });
      expect(JSON.parse((Properties.AccessLogSettings as { Format: string }).Format)).toHaveProperty(
        'request_id',
      );
    }
  });

  test('gives a marketplace its own domain where one is configured', () => {
    expect(app.of('AWS::ApiGatewayV2::DomainName').map(domain => domain.Properties.DomainName)).toEqual([
      'api.handie.example',
    ]);
    expect(app.of('AWS::ApiGatewayV2::ApiMapping')).toHaveLength(1);
  });

  test('sends what no route takes to the default route', () => {
    const route = pick(app, 'AWS::ApiGatewayV2::Route', 'RouteKey', '$default');
    expect(route.stack).toBe('vicinity-platform');
  });

  test('lets each Lambda be invoked by its own route only', () => {
    const sources = app
      .of('AWS::Lambda::Permission')
      .map(({ Properties }) => JSON.stringify(Properties.SourceArn));
    expect(sources.some(source => source.includes('/*/GET/api/v1/things/*'))).toBe(true);
    expect(sources.some(source => source.includes('/*/$default'))).toBe(true);
  });
});

describe('queues and events', () => {
  const queues = ['relay', 'notifications', 'sms', 'whatsapp', 'email', 'push'];

  test.each(queues)('the %s queue gives up after five tries, into a queue that raises an alarm', name => {
    const { Properties } = pick(app, 'AWS::SQS::Queue', 'QueueName', `vicinity-${name}`);
    const dead = pick(app, 'AWS::SQS::Queue', 'QueueName', `vicinity-${name}-dead-letters`);
    expect(Properties.RedrivePolicy).toEqual({
      deadLetterTargetArn: { 'Fn::GetAtt': [dead.id, 'Arn'] },
      maxReceiveCount: 5,
    });
    expect(Properties.VisibilityTimeout).toBe(360);
    expect(Properties.SqsManagedSseEnabled).toBe(true);
    const alarms = app.of('AWS::CloudWatch::Alarm').map(alarm => alarm.Properties.AlarmName);
    expect(alarms).toEqual(
      expect.arrayContaining([`vicinity-queue-${name}-dead-letters`, `vicinity-queue-${name}-oldest`]),
    );
  });

  test('refuse what is not encrypted on its way', () => {
    const policies = app.of('AWS::SQS::QueuePolicy');
    expect(policies).toHaveLength(app.of('AWS::SQS::Queue').length);
    for (const policy of policies) expect(JSON.stringify(policy)).toContain('"aws:SecureTransport":"false"');
  });

  test("a consumer's pattern becomes a rule of the bus to its queue", () => {
    const rules = app.of('AWS::Events::Rule');
    expect(rules.map(rule => rule.Properties.EventPattern)).toEqual([
      { source: ['vicinity'], 'detail-type': ['thing.made'] },
    ]);
    expect(JSON.stringify(rules[0]?.Properties.Targets)).toContain('DeadLetterConfig');
  });

  test('a batch of more than ten waits a second, as Lambda demands', () => {
    const relay = pick(app, 'AWS::Lambda::EventSourceMapping', 'BatchSize', 100);
    expect(relay.Properties.MaximumBatchingWindowInSeconds).toBe(1);
  });

  test('every alarm tells the topic, and the topic tells the person on call', () => {
    for (const alarm of app.of('AWS::CloudWatch::Alarm')) {
      expect(alarm.Properties.AlarmActions, alarm.id).toHaveLength(1);
    }
    const policy = JSON.stringify(app.of('AWS::SNS::TopicPolicy')[0]?.Properties);
    expect(policy).toContain('"Principal":{"Service":"cloudwatch.amazonaws.com"}');
    expect(app.of('AWS::SNS::Topic')[0]?.Properties.KmsMasterKeyId).toBeDefined();
    expect(app.of('AWS::SNS::Subscription')[0]?.Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'oncall@vicinity.example',
    });
  });
});

describe('Lambdas', () => {
  test('get what they declare and nothing else', () => {
    expect(actionsOf('vicinity-alpha-read-thing').sort()).toEqual([
      'kms:Decrypt',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'rds-data:ExecuteStatement',
      'secretsmanager:GetSecretValue',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
    expect(actionsOf('vicinity-alpha-sign-in')).toEqual(
      expect.arrayContaining(['kms:Sign', 'kms:GenerateMac', 'sqs:SendMessage']),
    );
    expect(actionsOf('vicinity-alpha-send-notice')).not.toContain('sqs:SendMessage');
    expect(actionsOf('vicinity-platform-relay-outbox')).toContain('events:PutEvents');
    expect(actionsOf('vicinity-alpha-send-notice')).toEqual(
      expect.arrayContaining([
        'sms-voice:SendTextMessage',
        'social-messaging:SendWhatsAppMessage',
        'ses:SendEmail',
        'sns:Publish',
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
      ]),
    );
  });

  test('read secrets only by way of Secrets Manager', () => {
    const statements = statementsOf(roleOf(app, functionNamed('vicinity-alpha-read-thing')));
    const decrypt = statements.find(({ action }) => action === 'kms:Decrypt');
    expect(JSON.stringify(decrypt?.condition)).toContain('kms:ViaService');
  });

  test('run on Node 24 and arm64, traced, with the time of their kind', () => {
    for (const fn of app.of('AWS::Lambda::Function')) {
      expect(fn.Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
      });
    }
    const timeouts = ['read-thing', 'send-notice', 'pay-out'].map(
      name => functionNamed(`vicinity-alpha-${name}`).Properties.Timeout,
    );
    expect(timeouts).toEqual([29, 60, 300]);
  });

  test('on a schedule leave an event that failed each time in the dead letters', () => {
    expect(functionNamed('vicinity-alpha-pay-out').Properties.DeadLetterConfig).toBeDefined();
    for (const schedule of app.of('AWS::Scheduler::Schedule')) {
      expect(schedule.Properties.Target).toHaveProperty('DeadLetterConfig');
    }
  });
});

test('nothing is charged to an AWS managed policy but the one of AWS Backup', () => {
  const managed = app.of('AWS::IAM::Role').filter(role => role.Properties.ManagedPolicyArns !== undefined);
  expect(managed.map(role => role.id.replace(/[0-9A-F]{8}$/, ''))).toEqual(['BackupsPlanDatabaseRole']);
});
