import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Aws } from 'aws-cdk-lib/core';
import type { Contract, Need } from '../lambdas/kernel/use-case.ts';
import type { GatewayName } from '../lambdas/money/gateways/gateway.ts';
import type { ApiStack } from './api.ts';
import type { DataStack } from './data.ts';
import { DATABASE_NAME } from './database.ts';
import type { EventsStack } from './events.ts';
import type { Settings } from './settings.ts';

/** What the Lambdas of every module stand on. */
export type Platform = {
  settings: Settings;
  bundle: string;
  data: DataStack;
  events: EventsStack;
  api: ApiStack;
};

export type Grants = {
  environment: Record<string, string>;
  statements: PolicyStatement[];
  /** Findings of cdk-nag on the role that these statements explain: see lib/acknowledge.ts. */
  accepted?: Readonly<Record<string, string>>;
};

/**
 * Turns a declaration into what its Lambda is told and what it may do: the database under its role, the nudge of the
 * relay, and each of `contract.needs`. Nothing else is ever granted.
 */
export function grantsOf(contract: Contract, platform: Platform): Grants {
  const grants = [database(contract, platform), ...contract.needs.map(need => NEEDS[need](platform))];
  return {
    environment: Object.assign({}, ...grants.map(grant => grant.environment)),
    statements: grants.flatMap(grant => grant.statements),
    accepted: Object.assign({}, ...grants.map(grant => grant.accepted)),
  };
}

/** Reading secrets takes their key too. Through Secrets Manager only: the same key protects other things. */
export function readSecrets(secretArns: string[], keyArn: string): PolicyStatement[] {
  return [
    new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: secretArns }),
    new PolicyStatement({
      actions: ['kms:Decrypt'],
      resources: [keyArn],
      conditions: {
        StringEquals: { 'kms:ViaService': `secretsmanager.${Aws.REGION}.${Aws.URL_SUFFIX}` },
      },
    }),
  ];
}

function database(contract: Contract, { data, events }: Platform): Grants {
  const isHttp = contract.kind === 'http';
  const secret = isHttp ? data.secrets.api : data.secrets.worker;
  const relay = events.queues.relay;
  const nudges = isHttp ? contract.method !== 'GET' : contract.nudges;
  return {
    environment: {
      DATABASE_ARN: data.clusterArn,
      DATABASE_SECRET_ARN: secret.secretArn,
      DATABASE_NAME,
      ...(nudges ? { RELAY_QUEUE_URL: relay.queueUrl } : {}),
      ...(isHttp ? { TOKEN_KEYS: data.tokenKeys } : {}),
    },
    statements: [
      allow('rds-data:ExecuteStatement', data.clusterArn),
      ...readSecrets([secret.secretArn], data.keys.data.keyArn),
      ...(nudges ? [allow('sqs:SendMessage', relay.queueArn)] : []),
    ],
  };
}

const NEEDS: Record<Need, (platform: Platform) => Grants> = {
  ownership: ({ data }) => ({
    environment: { OWNER_SECRET_ARN: data.secrets.owner.secretArn },
    statements: readSecrets([data.secrets.owner.secretArn], data.keys.data.keyArn),
  }),
  'token-signing': ({ data }) => ({
    environment: { TOKEN_KEY_ARN: data.keys.token.keyArn },
    statements: [allow('kms:Sign', data.keys.token.keyArn)],
  }),
  'keyed-hash': ({ data }) => ({
    environment: { HASH_KEY_ARN: data.keys.hash.keyArn },
    statements: [allow('kms:GenerateMac', data.keys.hash.keyArn)],
  }),
  sealing: ({ data }) => ({
    environment: { DATA_KEY_ARN: data.keys.data.keyArn, DATA_KEYS: data.dataKeys },
    statements: [
      new PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [data.keys.data.keyArn],
        conditions: { StringEquals: { 'kms:EncryptionContext:purpose': 'personal-data' } },
      }),
    ],
  }),
  'event-bus': ({ events }) => ({
    environment: { EVENT_BUS_NAME: events.bus.eventBusName },
    statements: [allow('events:PutEvents', events.bus.eventBusArn)],
  }),
  sms: ({ settings }) => {
    const origin = originOf(settings.sms_origination_identity);
    return {
      environment: { SMS_ORIGINATION_IDENTITY: settings.sms_origination_identity },
      statements: [allow('sms-voice:SendTextMessage', arn('sms-voice', origin))],
      accepted: origin.endsWith('/*')
        ? { [wildcardOf('sms-voice', origin)]: 'One sender id is a resource of its own in each country.' }
        : {},
    };
  },
  whatsapp: ({ settings }) => ({
    environment: { WHATSAPP_PHONE_NUMBER_ID: settings.whatsapp_phone_number_id },
    statements: [
      allow(
        'social-messaging:SendWhatsAppMessage',
        arn('social-messaging', `phone-number-id/${settings.whatsapp_phone_number_id}`),
      ),
    ],
  }),
  email: ({ settings }) => ({
    environment: { EMAIL_FROM: settings.email_from },
    statements: [allow('ses:SendEmail', ...identityArns(settings.email_from))],
  }),
  push: () => ({
    environment: {},
    statements: [allow('sns:Publish', arn('sns', 'endpoint/*'))],
    accepted: {
      [wildcardOf('sns', 'endpoint/*')]:
        'SNS makes an endpoint for each device that registers, after the deployment.',
    },
  }),
  tesla: ({ settings, data }) => ({
    environment: {
      TESLA_SECRET_ARN: data.secrets.tesla.secretArn,
      TESLA_AUTH_URL: 'https://auth.tesla.com',
      TESLA_TOKEN_URL: 'https://fleet-auth.prd.vn.cloud.tesla.com',
      TESLA_API_URL: settings.tesla_api_url,
      // People are served by the region that they live in, wherever this deployment stands.
      TESLA_API_URL_NA: 'https://fleet-api.prd.na.vn.cloud.tesla.com',
      TESLA_API_URL_EU: 'https://fleet-api.prd.eu.vn.cloud.tesla.com',
      TESLA_API_URL_CN: 'https://fleet-api.prd.cn.vn.cloud.tesla.cn',
      TESLA_REDIRECT_URI: settings.tesla_redirect_uri,
    },
    statements: readSecrets([data.secrets.tesla.secretArn], data.keys.data.keyArn),
  }),
  uploads: ({ data }) => {
    const { bucketName, bucketArn } = data.uploads.bucket;
    return {
      environment: { UPLOADS_BUCKET: bucketName },
      statements: [
        allow('s3:PutObject', `${bucketArn}/incoming/*`, `${bucketArn}/stored/*`),
        allow('s3:GetObject', `${bucketArn}/incoming/*`, `${bucketArn}/stored/*`),
        allow('s3:DeleteObject', `${bucketArn}/incoming/*`, `${bucketArn}/stored/*`),
        // Without it S3 answers 403 instead of 404 where there is no object.
        allow('s3:ListBucket', bucketArn),
        throughS3(data, 'kms:Decrypt', 'kms:GenerateDataKey'),
      ],
      accepted: objectsUnder('incoming', 'stored'),
    };
  },
  'stored-files': ({ data }) => {
    const { bucketName, bucketArn } = data.uploads.bucket;
    return {
      environment: { UPLOADS_BUCKET: bucketName },
      statements: [allow('s3:GetObject', `${bucketArn}/stored/*`), throughS3(data, 'kms:Decrypt')],
      accepted: objectsUnder('stored'),
    };
  },
  geocoding: () => ({
    environment: {},
    statements: [
      allow('geo-places:Geocode', `arn:${Aws.PARTITION}:geo-places:${Aws.REGION}::provider/default`),
    ],
  }),
  'push-registration': ({ settings }) => {
    const apns = arn('sns', `app/APNS/${settings.push_apns_application}`);
    const fcm = arn('sns', `app/GCM/${settings.push_fcm_application}`);
    return {
      environment: { PUSH_APNS_APPLICATION_ARN: apns, PUSH_FCM_APPLICATION_ARN: fcm },
      statements: [
        allow('sns:CreatePlatformEndpoint', apns, fcm),
        allow('sns:SetEndpointAttributes', arn('sns', 'endpoint/*')),
        allow('sns:DeleteEndpoint', arn('sns', 'endpoint/*')),
      ],
      accepted: {
        [wildcardOf('sns', 'endpoint/*')]:
          'SNS makes an endpoint for each device that registers, after the deployment.',
      },
    };
  },
  aadhaar: ({ settings, data }) => ({
    environment: {
      AADHAAR_SECRET_ARN: data.secrets.aadhaar.secretArn,
      AADHAAR_API_URL: settings.aadhaar_api_url,
    },
    statements: readSecrets([data.secrets.aadhaar.secretArn], data.keys.data.keyArn),
  }),
  'gateway:stripe': gateway('stripe', () => 'https://api.stripe.com'),
  'gateway:razorpay': gateway('razorpay', () => 'https://api.razorpay.com'),
  'gateway:paytm': gateway('paytm', ({ paytm_api_url }) => paytm_api_url),
  'gateway:paymongo': gateway('paymongo', () => 'https://api.paymongo.com'),
  'gateway:bolt': gateway('bolt', ({ bolt_api_url }) => bolt_api_url),
  // Rekognition knows no resource for a comparison of two pictures; which pictures it may read, 'stored-files' says.
  'face-comparison': () => ({
    environment: {},
    statements: [allow('rekognition:CompareFaces', '*')],
    accepted: WITHOUT_RESOURCES,
  }),
  // Nor for a session of a living face: whose it is, the database says.
  'face-liveness': () => ({
    environment: {},
    statements: [
      allow('rekognition:CreateFaceLivenessSession', '*'),
      allow('rekognition:GetFaceLivenessSessionResults', '*'),
    ],
    accepted: WITHOUT_RESOURCES,
  }),
  fonts: () => ({ environment: {}, statements: [] }),
  'bundled-files': () => ({ environment: {}, statements: [] }),
};

/** Accepts what Rekognition leaves no choice about. */
const WITHOUT_RESOURCES = {
  'AwsSolutions-IAM5[Resource::*]':
    'Neither X-Ray nor the look at a face has resources that a statement could name.',
};

/** What CloudFormation calls the bucket's ARN between the stacks. */
const BUCKET = 'vicinity-data:ExportsOutputFnGetAttUploadsBucketC4B27CC7Arn515ECA45';

/** Accepts that a statement allows all objects below a prefix. */
const objectsUnder = (...prefixes: string[]): Record<string, string> =>
  Object.fromEntries(
    prefixes.map(prefix => [
      `AwsSolutions-IAM5[Resource::${BUCKET}/${prefix}/*]`,
      'People upload files after the deployment. Whose file it is, the database says.',
    ]),
  );

/** The bucket's key, for what S3 does on the Lambda's behalf. */
const throughS3 = (data: DataStack, ...actions: string[]) =>
  new PolicyStatement({
    actions,
    resources: [data.keys.data.keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `s3.${Aws.REGION}.${Aws.URL_SUFFIX}` } },
  });

/** Our account at a payment gateway. Two of them have their sandboxes elsewhere; at the others the key says which it is. */
function gateway(name: GatewayName, urlOf: (settings: Settings) => string) {
  return ({ settings, data }: Platform): Grants => {
    const { secretArn } = data.secrets.gateways[name];
    return {
      environment: {
        [`MONEY_${name.toUpperCase()}_SECRET_ARN`]: secretArn,
        [`${name.toUpperCase()}_API_URL`]: urlOf(settings),
      },
      statements: readSecrets([secretArn], data.keys.data.keyArn),
    };
  };
}

const allow = (action: string, ...resources: string[]) =>
  new PolicyStatement({ actions: [action], resources });

/** ARN of a resource in the deployment's own account and region. */
const arn = (service: string, resource: string) =>
  `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;

/** SES accepts a verified domain or a verified address, and asks for the right on whichever it found. */
function identityArns(from: string): string[] {
  const address = /<([^>]+)>/.exec(from)?.[1] ?? from;
  const domain = address.slice(address.indexOf('@') + 1);
  return [arn('ses', `identity/${domain}`), arn('ses', `identity/${address}`)];
}

/** The kind of an origination identity shows in its id; a sender id is any other text, and exists once a country. */
function originOf(identity: string): string {
  if (identity.startsWith('pool-')) return `pool/${identity}`;
  if (identity.startsWith('phone-')) return `phone-number/${identity}`;
  return `sender-id/${identity}/*`;
}

/** How cdk-nag names the finding that a statement ends in a star. */
const wildcardOf = (service: string, resource: string) =>
  `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:${service}:<AWS::Region>:<AWS::AccountId>:${resource}]`;
