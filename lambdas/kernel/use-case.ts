import type * as z from 'zod/mini';
import type { Marketplace, Module } from '../../marketplaces/marketplace.ts';
import type { Database } from './database.ts';
import type { RefusalMap } from './refusal.ts';

/** Who may call a use case. It is checked in the database, inside the transaction of the first trip. */
export type Access = { kind: 'everyone' } | { kind: 'signed_in' } | { kind: 'permitted'; permission: string };

/** Anybody, with or without a token. */
export const everyone = (): Extract<Access, { kind: 'everyone' }> => ({ kind: 'everyone' });

/** Anybody whose session is alive and whose account is active. */
export const signedIn = (): Extract<Access, { kind: 'signed_in' }> => ({ kind: 'signed_in' });

/** A signed-in person one of whose roles has the permission in this marketplace. */
export const permitted = (permission: string): Extract<Access, { kind: 'permitted' }> => ({
  kind: 'permitted',
  permission,
});

/**
 * What a Lambda needs beyond the database. The infrastructure turns each into environment variables and into the
 * IAM statements of exactly that Lambda.
 */
export type Need =
  | 'token-signing' // kms:Sign on the token key, TOKEN_KEY_ARN
  | 'keyed-hash' // kms:GenerateMac on the hash key, HASH_KEY_ARN
  | 'sealing' // kms:Decrypt of data keys, DATA_KEY_ARN and DATA_KEYS
  | 'event-bus' // events:PutEvents on the bus, EVENT_BUS_NAME
  | 'sms' // sms-voice:SendTextMessage, SMS_ORIGINATION_IDENTITY
  | 'whatsapp' // social-messaging:SendWhatsAppMessage, WHATSAPP_PHONE_NUMBER_ID
  | 'email' // ses:SendEmail, EMAIL_FROM
  | 'push' // sns:Publish on platform endpoints
  | 'tesla' // the application's secret at Tesla, TESLA_SECRET_ARN, and Tesla's URLs
  | 'uploads' // takes and looks at files: objects of the uploads bucket, UPLOADS_BUCKET
  | 'stored-files' // s3:GetObject on what was taken, for URLs and for services that read there, UPLOADS_BUCKET
  | 'geocoding' // geo-places:Geocode
  | 'push-registration' // sns:CreatePlatformEndpoint and its like, PUSH_APNS_APPLICATION_ARN, PUSH_FCM_APPLICATION_ARN
  | 'aadhaar' // our account at the Aadhaar provider, AADHAAR_SECRET_ARN, and its URL, AADHAAR_API_URL
  | `gateway:${'stripe' | 'razorpay' | 'paytm' | 'paymongo' | 'bolt'}` // our account at a payment gateway, MONEY_<GATEWAY>_SECRET_ARN, and its URL, <GATEWAY>_API_URL
  | 'face-comparison' // rekognition:CompareFaces; reads pictures with 'stored-files'
  | 'face-liveness' // sessions in which Rekognition looks for a living face
  | 'fonts' // the fonts of documents, beside the bundle where Node finds their package
  | 'ownership' // the owner's secret, OWNER_SECRET_ARN: what no other role may do to tables
  | 'bundled-files'; // a folder of files beside the bundle, written at synthesis (see lib/bundle.ts)

/** Queues of the system. Each has a dead-letter queue and alarms of its own. */
export type QueueName =
  | 'relay'
  | 'notifications'
  | 'sms'
  | 'whatsapp'
  | 'email'
  | 'push'
  | 'exports'
  | 'tesla'
  | 'payments'
  | 'payouts';

/** What every use case is given. The clock and the caller are arguments, never looked up. */
export type Call = {
  db: Database;
  marketplace: Marketplace;
  /** The moment at which the request arrived: the database uses the same one (`app.now()`). */
  now: Date;
  /** The signed-in person's id, or null for everybody else. */
  actor: string | null;
  /**
   * Whom the bearer token names, on a route that hands out credentials to everyone and therefore asks for none. Its signature is
   * right, but its session may have ended.
   */
  bearer(): Promise<{ actor: string; session: string } | null>;
};

/** A request as it came, for whoever checks its signature. Names of headers are in lower case. */
export type Received = { body: string; headers: Readonly<Record<string, string | undefined>> };

/** A call whose `access` was not `everyone()`: there is somebody. */
export type SignedInCall = Call & { actor: string; session: string };

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Who may keep an answer and for how many seconds. Without a declaration an answer is not stored anywhere. */
export type CachePolicy = { scope: 'public' | 'private'; max_age: number };

/** The part of a declaration that others read: the infrastructure, the API reference and the tests. */
export type HttpContract = {
  kind: 'http';
  method: HttpMethod;
  /** API Gateway's form: `/api/v1/parking/spaces/{space_id}`, or `$default`. */
  path: string;
  /** The module that a marketplace must have switched on; elsewhere the route answers 404. */
  module?: Module;
  summary: string;
  access: Access;
  /** Path, query and body in one schema: names in the path come from there, then GET and DELETE read the query. */
  input: z.ZodMiniObject;
  output: z.ZodMiniType;
  status: number;
  refusals: RefusalMap;
  cache?: CachePolicy;
  /**
   * It hands out or changes credentials. Its answer is neither stored nor replayed, so an Idempotency-Key has no effect, and a
   * personal access token does not open it.
   */
  credentials: boolean;
  /**
   * The person must be there, so a personal access token does not open it. `second_factor`: they have also shown their second factor in
   * this session within the last hour.
   */
  presence?: 'session' | 'second_factor';
  /** What it opens is for the person alone: staff who see with somebody's eyes do not see this. */
  owner_only?: boolean;
  /** A DELETE whose fields stand in the body: a password has no place in a query, which is logged on its way. */
  body?: boolean;
  /** Bytes that its body may have, where they are not 1 MiB. Lambda takes 6 MB, with what API Gateway writes around it. */
  body_limit?: number;
  /** Its body has a shape and a signature of its sender's: `run` is given it as it came, and no field is read from it. */
  webhook?: boolean;
  /** It answers also while the marketplace is closed by its setting `maintenance_mode`. */
  stays_open?: boolean;
  /** Its answer is not JSON: the media type. `run` returns `{ body, content_type, … }`. */
  raw: boolean;
  needs: readonly Need[];
};

/** Routes of a person's own account: all that somebody may use whose account waits for its proof. */
export const isOwnAccount = ({ path }: HttpContract): boolean =>
  /^\/api\/v1\/(auth|users\/me)(\/|$)/.test(path);

/** Whether a route answers while its marketplace is closed: staff must come in, and what gateways tell must not be lost. */
export const staysOpen = ({ path, webhook, stays_open }: HttpContract): boolean =>
  stays_open === true || webhook === true || path.startsWith('/api/v1/auth/');

export type QueueContract = {
  kind: 'queue';
  queue: QueueName;
  /** An EventBridge pattern: which events of the bus reach the queue. Absent where others send to it directly. */
  pattern?: { 'detail-type': readonly string[]; detail?: Record<string, readonly string[]> };
  summary: string;
  batch_size: number;
  /** It writes events and wakes the relay. */
  nudges: boolean;
  needs: readonly Need[];
};

export type ScheduleContract = {
  kind: 'schedule';
  name: string;
  /** `rate(1 minute)` or `cron(0 2 * * ? *)`. */
  expression: string;
  /** `each_marketplace`: one schedule per marketplace in its zone, with `{ marketplace }` as input. */
  zone: 'UTC' | 'each_marketplace';
  summary: string;
  /** Seconds that one run may take. */
  timeout: number;
  /** It writes events and wakes the relay. */
  nudges: boolean;
  /** Numbers of a run's result that become metrics: the metric's name to the name in the result. */
  metrics?: Readonly<Record<string, string>>;
  needs: readonly Need[];
};

export type Contract = HttpContract | QueueContract | ScheduleContract;

/** A Lambda handler that carries the declaration it was made from. */
export type Handler<C extends Contract = Contract> = ((
  event: unknown,
  context: unknown,
) => Promise<unknown>) & {
  contract: C;
};

export type HttpDeclaration<I extends z.ZodMiniObject, O extends z.ZodMiniType, A extends Access> = {
  route: `${HttpMethod} /${string}`;
  module?: Module;
  summary: string;
  access: A;
  input: I;
  output: O;
  status?: number;
  refusals?: RefusalMap;
  cache?: CachePolicy;
  credentials?: boolean;
  presence?: 'session' | 'second_factor';
  owner_only?: boolean;
  body?: boolean;
  body_limit?: number;
  webhook?: boolean;
  stays_open?: boolean;
  raw?: boolean;
  needs?: readonly Need[];
  /** Makes the answer of a row that was kept for an Idempotency-Key, where `run` answers with more than its row. */
  reveal?(row: unknown): Promise<z.input<O>>;
  run(
    input: z.output<I>,
    call: A extends { kind: 'everyone' } ? Call : SignedInCall,
    received: Received,
  ): Promise<z.input<O>>;
};

export type UseCase = {
  contract: HttpContract;
  run(input: unknown, call: Call, received?: Received): Promise<unknown>;
  reveal?(row: unknown): Promise<unknown>;
};

/** Declares a use case that answers an HTTP route. The declaration is the only place where the route is named. */
export function useCase<I extends z.ZodMiniObject, O extends z.ZodMiniType, A extends Access>(
  declaration: HttpDeclaration<I, O, A>,
): UseCase {
  const { route, run, reveal, ...rest } = declaration;
  const [method, path] = route.split(' ') as [HttpMethod, string];
  return {
    contract: {
      kind: 'http',
      method,
      path,
      status: 200,
      refusals: {},
      credentials: false,
      raw: false,
      needs: [],
      ...rest,
    },
    run: run as UseCase['run'],
    ...(reveal ? { reveal } : {}),
  };
}
