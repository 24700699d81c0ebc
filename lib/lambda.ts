import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { folderOf } from './bundle.ts';
import { functionName } from './catalogue.ts';
import { countDatabaseErrors } from './log-metrics.ts';

export type LambdaProps = {
  entry: { module: string; name: string };
  description: string;
  /** The folder that `bundleLambdas` wrote. */
  bundle: string;
  /** MB, and with them the share of a CPU: 1,769 MB are one. */
  memory: number;
  /** Seconds. */
  timeout: number;
  environment: Record<string, string>;
  /** All that it may do, beyond writing its own logs and traces. */
  statements: PolicyStatement[];
  /** Where an event goes that was delivered asynchronously and failed each time. */
  deadLetterQueue?: IQueue;
};

/**
 * A Lambda with a role and a log group of its own. Its policies stand inside the role, because a policy apart would
 * be one more of the 500 resources of a stack, and could be created after the function that needs it.
 *
 * The log format stays text: the kernel writes its own JSON lines, and Lambda's JSON format would wrap each in another.
 */
export class Lambda extends Construct {
  readonly fn: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: LambdaProps) {
    super(scope, id);
    const name = functionName(props.entry);
    this.logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${name}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      description: `Role of ${name}`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        own: new PolicyDocument({
          statements: [...logging(this.logGroup), ...props.statements, ...deadLetters(props.deadLetterQueue)],
        }),
      },
    });
    this.fn = new LambdaFunction(this, 'Function', {
      functionName: name,
      description: props.description.slice(0, 256),
      code: Code.fromAsset(folderOf(props.bundle, props.entry)),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memory,
      timeout: Duration.seconds(props.timeout),
      environment: props.environment,
      role: this.role.withoutPolicyUpdates(),
      logGroup: this.logGroup,
      tracing: Tracing.ACTIVE,
      deadLetterQueue: props.deadLetterQueue,
    });
    countDatabaseErrors(this, this.logGroup);
    const reason = 'X-Ray has no resources that a statement could name: its two write actions take * only.';
    acknowledge(this.role, {
      'AwsSolutions-IAM5[Resource::*]': reason,
      'Serverless-LambdaStarPermissions': reason,
    });
  }
}

const logging = (logGroup: LogGroup) => [
  new PolicyStatement({
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
  }),
  new PolicyStatement({ actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], resources: ['*'] }),
];

const deadLetters = (queue: IQueue | undefined) =>
  queue ? [new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] })] : [];
