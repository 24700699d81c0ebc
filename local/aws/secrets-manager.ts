import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import { arnOf } from './account.ts';
import { type Answer, AwsError, json, jsonError } from './answer.ts';
import type { KeptFile } from './kept-file.ts';
import { type AwsRequest, parseBody } from './request.ts';
import type { Permission, Service } from './service.ts';

export type SecretDeclaration = {
  arn: string;
  /** What the secret's JSON holds beside the password: `{ username: 'vicinity_api', dbname: 'vicinity' … }`. */
  template: { username: string } & Record<string, unknown>;
  /** The JSON key that is generated once and kept in the data folder. Absent: 'password'. */
  generateStringKey?: string;
  /** All that the secret's JSON holds, where a provider gave it. Nothing is generated then. */
  value?: unknown;
  /** The customer's key it is encrypted with: readers then need kms:Decrypt on it. */
  kmsKeyArn?: string;
};

export type Secrets = Service & {
  declare(secret: SecretDeclaration): void;
  /** What a caller must be allowed, to use this secret. */
  permissionsToRead(secretArn: string): Permission[];
  /** The database role that a secret is for. */
  usernameOf(secretArn: string): string;
};

const Request = z.object({ SecretId: z.string() });

/** Secrets Manager with secrets of a database role: a user name and a password that was generated once. */
export function makeSecrets(kept: KeptFile): Secrets {
  const secrets = new Map<string, SecretDeclaration>();

  const lookUp = (id: string): SecretDeclaration | undefined =>
    secrets.get(id) ?? [...secrets.values()].find(({ arn }) => nameOf(arn) === id);

  function find(id: string): SecretDeclaration {
    const found = lookUp(id);
    if (found) return found;
    const message = "Secrets Manager can't find the specified secret.";
    throw new AwsError('ResourceNotFoundException', 400, message);
  }

  const read = (request: AwsRequest) => parseBody(Request, request).SecretId;

  function permissionsToRead(id: string, action = 'GetSecretValue'): Permission[] {
    const secret = lookUp(id);
    const arn = secret?.arn ?? (id.startsWith('arn:') ? id : arnOf('secretsmanager', `secret:${id}`));
    const needed = { action: `secretsmanager:${action}`, resources: [arn] };
    if (!secret?.kmsKeyArn || action !== 'GetSecretValue') return [needed];
    return [needed, { action: 'kms:Decrypt', resources: [secret.kmsKeyArn] }];
  }

  return {
    denied: { name: 'AccessDeniedException', status: 400 },
    errorAnswer: jsonError,
    declare: secret => void secrets.set(secret.arn, secret),
    permissionsToRead,
    usernameOf: arn => find(arn).template.username,
    permissionsOf: request => permissionsToRead(read(request), request.operation),
    async answer(request): Promise<Answer> {
      const secret = find(read(request));
      const common = { ARN: secret.arn, Name: nameOf(secret.arn) };
      if (request.operation === 'DescribeSecret') {
        return json({
          ...common,
          KmsKeyId: secret.kmsKeyArn,
          VersionIdsToStages: { [versionId]: ['AWSCURRENT'] },
        });
      }
      if (request.operation !== 'GetSecretValue') {
        const message = `Secrets Manager's ${request.operation} is not there locally.`;
        throw new AwsError('InvalidRequestException', 400, message);
      }
      return json({
        ...common,
        VersionId: versionId,
        VersionStages: ['AWSCURRENT'],
        SecretString: JSON.stringify(
          secret.value ?? {
            ...secret.template,
            [secret.generateStringKey ?? 'password']: kept.get(secret.arn, generatePassword),
          },
        ),
      });
    },
  };
}

// A local secret has one version for ever.
const versionId = '00000000-0000-4000-8000-000000000001';

/** 32 characters that need no quoting anywhere. */
const generatePassword = (): string => randomBytes(24).toString('base64url');

/** `arn:…:secret:name-AbCdEf` → `name`: Secrets Manager adds a hyphen and six characters. */
const nameOf = (arn: string): string => (arn.split(':secret:')[1] ?? arn).replace(/-\w{6}$/, '');
