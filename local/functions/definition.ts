import type { Statement } from '../aws/iam/statement.ts';

/** A Lambda function as the template declares it. */
export type FunctionDefinition = {
  name: string;
  arn: string;
  /** The asset's folder, absolute. */
  folder: string;
  handler: string;
  /** MiB; the limit of V8's old generation here. */
  memory: number;
  /** Seconds that one invocation may take. */
  timeout: number;
  logGroup: string;
  /** The template's variables, resolved when the first environment starts: they may wait for a custom resource. */
  variables(): Record<string, string>;
  /** What the policies of its role say. */
  statements: readonly Statement[];
  /** ARN of the queue that takes the events of failed asynchronous invocations. */
  deadLetterArn?: string;
  /** How often a failed asynchronous invocation is repeated: 0 to 2. */
  asyncRetries: number;
};
