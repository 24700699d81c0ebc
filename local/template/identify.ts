import { createHash } from 'node:crypto';
import { accountId, arnOf as arn, region } from '../aws/account.ts';
import { type Json, type JsonObject, text } from './json.ts';

/** What `Ref` and `Fn::GetAtt` of a resource answer. */
export type Identity = { ref: string; attributes: Record<string, string> };

export type Subject = {
  stack: string;
  logicalId: string;
  type: string;
  /** The resource's properties with every intrinsic function replaced. */
  property(name: string): Json | undefined;
};

/** The properties that name a resource, where the template chose a name itself. */
const nameProperties: Record<string, string> = {
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::Events::EventBus': 'Name',
  'AWS::Events::Rule': 'Name',
  'AWS::Scheduler::Schedule': 'Name',
  'AWS::Scheduler::ScheduleGroup': 'Name',
  'AWS::IAM::Role': 'RoleName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::SecretsManager::Secret': 'Name',
  'AWS::RDS::DBCluster': 'DBClusterIdentifier',
  'AWS::ApiGatewayV2::Stage': 'StageName',
  'AWS::KMS::Alias': 'AliasName',
};

/**
 * The physical name, ARN and other attributes that a resource has in the local cloud. They depend only on the
 * template, so that keys, secrets and tokens of an earlier start stay valid.
 */
export function identify(subject: Subject): Identity {
  const { type, property } = subject;
  const nameProperty = nameProperties[type];
  const given = nameProperty ? property(nameProperty) : undefined;
  const name = given ? text(given, nameProperty ?? 'the name') : `${subject.stack}-${subject.logicalId}`;
  const digest = createHash('sha256').update(`${subject.stack}/${subject.logicalId}`).digest('hex');
  const named = (refIsArn: boolean, own: string): Identity => ({
    ref: refIsArn ? own : name,
    attributes: { Arn: own },
  });

  switch (type) {
    case 'AWS::Lambda::Function':
      return named(false, arn('lambda', `function:${name}`));
    case 'AWS::Lambda::Version':
    case 'AWS::Lambda::Alias':
      return { ref: text(property('FunctionName'), 'the function'), attributes: {} };
    case 'AWS::SQS::Queue': {
      // Its URL, which `Ref` gives, is known once the queue is made: the SDK calls the host that the URL names.
      return { ref: name, attributes: { Arn: arn('sqs', name), QueueName: name } };
    }
    case 'AWS::SNS::Topic':
      return {
        ref: arn('sns', name),
        attributes: { TopicArn: arn('sns', name), TopicName: name, Arn: arn('sns', name) },
      };
    case 'AWS::S3::Bucket': {
      const bucket = given ? name : name.toLowerCase().slice(0, 63);
      return {
        ref: bucket,
        attributes: {
          Arn: `arn:aws:s3:::${bucket}`,
          DomainName: `${bucket}.s3.amazonaws.com`,
          RegionalDomainName: `${bucket}.s3.${region}.amazonaws.com`,
        },
      };
    }
    case 'AWS::Events::EventBus':
      return { ref: name, attributes: { Arn: arn('events', `event-bus/${name}`), Name: name } };
    case 'AWS::Events::Rule':
      return named(false, arn('events', `rule/${ruleBus(property('EventBusName'))}${name}`));
    case 'AWS::Scheduler::Schedule':
      return named(false, arn('scheduler', `schedule/${groupName(property('GroupName'))}/${name}`));
    case 'AWS::Scheduler::ScheduleGroup':
      return named(false, arn('scheduler', `schedule-group/${name}`));
    case 'AWS::IAM::Role':
      return {
        ref: name,
        attributes: { Arn: `arn:aws:iam::${accountId}:role/${name}`, RoleId: digest.slice(0, 20) },
      };
    case 'AWS::Logs::LogGroup':
      return named(false, arn('logs', `log-group:${name}:*`));
    case 'AWS::KMS::Key': {
      const keyId = digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
      return { ref: keyId, attributes: { Arn: arn('kms', `key/${keyId}`), KeyId: keyId } };
    }
    case 'AWS::KMS::Alias':
      return named(false, arn('kms', name));
    case 'AWS::SecretsManager::Secret': {
      const own = arn('secretsmanager', `secret:${name}-${digest.slice(0, 6)}`);
      return { ref: own, attributes: { Id: own } };
    }
    case 'AWS::SecretsManager::SecretTargetAttachment':
      return { ref: text(property('SecretId'), 'the secret'), attributes: {} };
    case 'AWS::RDS::DBCluster': {
      const identifier = name.toLowerCase();
      const own = arn('rds', `cluster:${identifier}`);
      return {
        ref: identifier,
        attributes: {
          DBClusterArn: own,
          DBClusterResourceId: `cluster-${digest.slice(0, 26).toUpperCase()}`,
          'Endpoint.Address': 'localhost',
          'Endpoint.Port': '5432',
          'ReadEndpoint.Address': 'localhost',
        },
      };
    }
    case 'AWS::ApiGatewayV2::Api': {
      const id = digest.slice(0, 10);
      return {
        ref: id,
        attributes: {
          ApiId: id,
          ApiEndpoint: `https://${id}.execute-api.${region}.amazonaws.com`,
          // Not an attribute in CloudFormation: what a permission's source begins with.
          Arn: arn('execute-api', id),
        },
      };
    }
    default:
      return { ref: given ? name : `${subject.logicalId}-${digest.slice(0, 8)}`, attributes: {} };
  }
}

function ruleBus(bus: Json | undefined): string {
  return typeof bus === 'string' && bus !== 'default' ? `${bus.split('/').at(-1)}/` : '';
}

function groupName(group: Json | undefined): string {
  return typeof group === 'string' ? group : 'default';
}

/** The pseudo parameters of CloudFormation, with the local account and region. */
export const pseudoParameters: JsonObject = {
  'AWS::AccountId': accountId,
  'AWS::Region': region,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::NotificationARNs': [],
};
