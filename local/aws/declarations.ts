import type { BusEvent, RuleDeclaration, RuleTarget } from './events/event-bridge.ts';
import type { Faults } from './faults.ts';
import type { Principal } from './iam/principals.ts';
import type { Statement } from './iam/statement.ts';
import type { KeyDeclaration, KeySpec } from './kms/key-store.ts';
import type { Messages } from './messages.ts';
import type { QueueDeclaration, QueueDepth, SubscriptionDeclaration } from './queues/declare-queues.ts';
import type { TimeLimits } from './rds-data/limits.ts';
import type { SecretDeclaration } from './secrets-manager.ts';
import type { CallOfInterest } from './server.ts';
import type { Standard } from './standard.ts';

export type { BusEvent, KeySpec, RuleTarget, SecretDeclaration, Statement };

export type AwsOptions = {
  /** Where the database, the keys and the generated passwords live. Made with mode 0700 if it is missing. */
  dataFolder: string;
  /** A PostgreSQL URL of a user who may create roles and extensions. Absent: the embedded PGlite. */
  databaseUrl?: string;
  /**
   * A file of saveSnapshot() to begin with where there is no embedded database yet. A file that is not there is
   * ignored, so that the caller names it first and saves it afterwards.
   */
  snapshot?: string;
  /** Keeps the embedded database in memory only: what tests want. Keys and passwords stay in the folder. */
  inMemory?: boolean;
  /**
   * Runs the embedded database in the endpoint's own thread: a statement takes less, and nothing else is answered meanwhile.
   * For callers who wait for each.
   */
  databaseInThread?: boolean;
  /** The clock of the messages log. */
  now: () => Date;
  /** TCP port on 127.0.0.1; 0 or absent lets the system choose. */
  port?: number;
  /** Told before each slow step of the start. */
  onStep?: (step: string) => void;
  /** Shorter times than the Data API's, for tests of what happens when they are over. */
  limits?: Partial<TimeLimits>;
};

/**
 * One HTTP server on loopback that the AWS SDK's clients talk to, and the resources behind it. The database, the keys
 * and the passwords last; queues, topics, buckets and messages are in memory and end with the process.
 */
export type Aws = Standard & {
  /** `http://127.0.0.1:<port>`, for AWS_ENDPOINT_URL. */
  endpoint: string;

  /** One more ARN for the one database there is; `databaseName` is what a call's `database` must say. */
  declareCluster(cluster: { arn: string; databaseName: string }): void;
  declareSecret(secret: SecretDeclaration): void;
  declareKey(key: KeyDeclaration): void;
  /** Dead-letter queues first: a redrive policy names a queue that exists. */
  declareQueue(queue: QueueDeclaration): Promise<{ url: string; arn: string }>;
  declareTopic(topic: { name: string }): Promise<{ arn: string }>;
  /** A queue that receives what is published to a topic. */
  declareSubscription(subscription: SubscriptionDeclaration): Promise<void>;
  declareBucket(bucket: { name: string }): Promise<{ arn: string }>;
  declareBus(bus: { name: string }): { arn: string };
  declareRule(rule: RuleDeclaration): void;
  /** Replaces the statements of an access key id that was declared before. */
  declarePrincipal(principal: Principal): void;

  faults: Faults;
  messages: Messages;
  /** Calls of rds-data:ExecuteStatement by access key id, since the start. Clear it freely. */
  trips: Map<string, number>;
  /**
   * Called after a call succeeded and before its answer leaves; the answer waits for the promise. The local cloud
   * kills a worker here: the work is committed, the caller never learns.
   */
  onAnswer(listener: (call: CallOfInterest) => void | Promise<void>): void;

  queueDepths(): Promise<QueueDepth[]>;
  /** Keeps the embedded database's present state in this file, for a quick start of another folder. */
  saveSnapshot(file: string): Promise<void>;
  close(): Promise<void>;
};
