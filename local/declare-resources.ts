import type { Aws, BusEvent, KeySpec, RuleTarget, SecretDeclaration } from './aws/aws.ts';
import type { EventPattern } from './aws/events/match-pattern.ts';
import type { Fakes } from './fakes/fakes.ts';
import { type JsonObject, list, number, object, text } from './template/json.ts';
import type { LiveResource, Resources } from './template/resources.ts';

/** Hands an event of the bus to the function of this ARN. */
export type Deliver = (functionArn: string, event: BusEvent) => Promise<void>;

/** Attributes of a queue that the template names as SQS does. */
const queueAttributes = [
  'VisibilityTimeout',
  'DelaySeconds',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'MaximumMessageSize',
  'FifoQueue',
  'ContentBasedDeduplication',
  'KmsMasterKeyId',
];

/** Makes the templates' keys, secrets, databases, queues, topics, buckets and buses at the local endpoint. */
export async function declareResources(
  resources: Resources,
  aws: Aws,
  fakes: Pick<Fakes, 'secretOf'>,
  deliver: Deliver,
): Promise<void> {
  for (const key of resources.ofType('AWS::KMS::Key'))
    aws.declareKey({
      arn: arnOf(key),
      spec: (key.property('KeySpec') ?? 'SYMMETRIC_DEFAULT') as KeySpec,
      aliases: resources
        .ofType('AWS::KMS::Alias')
        .filter(alias => [key.ref, arnOf(key)].includes(String(alias.property('TargetKeyId'))))
        .map(alias => alias.ref),
    });
  for (const secret of resources.ofType('AWS::SecretsManager::Secret'))
    aws.declareSecret(secretOf(secret, fakes));
  for (const cluster of resources.ofType('AWS::RDS::DBCluster'))
    aws.declareCluster({
      arn: text(cluster.attribute('DBClusterArn'), 'the ARN of the cluster'),
      databaseName: text(cluster.property('DatabaseName') ?? 'postgres', 'the name of the database'),
    });
  const hasRedrive = (queue: LiveResource): number => (queue.property('RedrivePolicy') ? 1 : 0);
  const queues = resources.ofType('AWS::SQS::Queue').sort((a, b) => hasRedrive(a) - hasRedrive(b));
  for (const queue of queues) await declareQueue(queue, resources, aws);
  for (const topic of resources.ofType('AWS::SNS::Topic'))
    await aws.declareTopic({ name: text(topic.attribute('TopicName'), 'the name of the topic') });
  for (const subscription of resources.ofType('AWS::SNS::Subscription')) {
    if (subscription.property('Protocol') !== 'sqs') continue;
    await aws.declareSubscription({
      topicArn: text(subscription.property('TopicArn'), 'a topic'),
      queueArn: text(subscription.property('Endpoint'), 'a queue'),
    });
  }
  for (const bucket of resources.ofType('AWS::S3::Bucket')) await aws.declareBucket({ name: bucket.ref });
  for (const bus of resources.ofType('AWS::Events::EventBus')) aws.declareBus({ name: bus.ref });
  for (const rule of resources.ofType('AWS::Events::Rule')) declareRule(rule, aws, deliver);
}

function arnOf(resource: LiveResource): string {
  return text(resource.attribute('Arn'), `the ARN of ${resource.logicalId}`);
}

function secretOf(secret: LiveResource, fakes: Pick<Fakes, 'secretOf'>): SecretDeclaration {
  const generated = object(secret.property('GenerateSecretString'));
  const template =
    typeof generated.SecretStringTemplate === 'string' ? JSON.parse(generated.SecretStringTemplate) : {};
  return {
    arn: secret.ref,
    template,
    value: fakes.secretOf(String(secret.property('Description') ?? '')),
    kmsKeyArn:
      secret.property('KmsKeyId') === undefined ? undefined : text(secret.property('KmsKeyId'), 'a key'),
    generateStringKey:
      generated.GenerateStringKey === undefined ? undefined : text(generated.GenerateStringKey, 'a key'),
  };
}

async function declareQueue(queue: LiveResource, resources: Resources, aws: Aws): Promise<void> {
  const attributes: Record<string, string> = {};
  for (const name of queueAttributes) {
    const value = queue.property(name);
    if (value !== undefined) attributes[name] = text(value, name);
  }
  const redrive = object(queue.property('RedrivePolicy'));
  const name = text(queue.attribute('QueueName'), 'the name of the queue');
  const { url, arn } = await aws.declareQueue({
    name,
    attributes,
    redrive:
      redrive.deadLetterTargetArn === undefined
        ? undefined
        : {
            deadLetterArn: text(redrive.deadLetterTargetArn, 'a dead-letter queue'),
            maxReceiveCount: number(redrive.maxReceiveCount, 1),
          },
  });
  resources.setAttributes(queue, url, { Arn: arn, QueueName: name });
}

function declareRule(rule: LiveResource, aws: Aws, deliver: Deliver): void {
  if (rule.property('ScheduleExpression') !== undefined)
    throw new Error(`The rule ${rule.ref} is a schedule: declare it as AWS::Scheduler::Schedule.`);
  if (rule.property('State') === 'DISABLED') return;
  const bus =
    text(rule.property('EventBusName') ?? 'default', 'the bus of a rule')
      .split('/')
      .at(-1) ?? '';
  aws.declareRule({
    name: rule.ref,
    bus,
    pattern: object(rule.property('EventPattern')) as unknown as EventPattern,
    targets: list(rule.property('Targets')).map(target => targetOf(object(target), rule.ref, deliver)),
  });
}

function targetOf(target: JsonObject, rule: string, deliver: Deliver): RuleTarget {
  const arn = text(target.Arn, `a target of the rule ${rule}`);
  if (arn.startsWith('arn:aws:sqs:')) return { queueArn: arn };
  if (arn.startsWith('arn:aws:lambda:')) return { arn, deliver: event => deliver(arn, event) };
  throw new Error(`The rule ${rule} leads to ${arn}, which the local cloud cannot reach.`);
}
