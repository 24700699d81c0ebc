import { s3Error } from '../answer.ts';
import type { AwsRequest } from '../request.ts';
import type { Permission, Service } from '../service.ts';
import type { Fauxqs } from './fauxqs.ts';
import { checkPostPolicy, isForm } from './post-policy.ts';

/** S3, addressed by path. A presigned URL or form is checked against the permissions of its signer. */
export function makeS3(fauxqs: Fauxqs, now: () => Date): Service {
  return {
    denied: { name: 'AccessDenied', status: 403 },
    errorAnswer: s3Error,
    permissionsOf: request => [permissionOf(request)],
    async answer(request) {
      if (isForm(request)) await checkPostPolicy(request, now());
      return fauxqs.pass(request);
    },
  };
}

const objectActions: Record<string, string> = {
  GET: 's3:GetObject',
  HEAD: 's3:GetObject',
  PUT: 's3:PutObject',
  POST: 's3:PutObject',
  DELETE: 's3:DeleteObject',
};
const bucketActions: Record<string, string> = {
  GET: 's3:ListBucket',
  HEAD: 's3:ListBucket',
  PUT: 's3:CreateBucket',
  DELETE: 's3:DeleteBucket',
};

function permissionOf(request: AwsRequest): Permission {
  const { method, path, query, body } = request;
  const [bucket = '', ...rest] = decodeURIComponent(path).slice(1).split('/');
  const key = rest.join('/');
  const arn = `arn:aws:s3:::${bucket}`;
  if (!bucket) return { action: 's3:ListAllMyBuckets', resources: ['*'] };
  if (key) return { action: objectActions[method] ?? 's3:GetObject', resources: [`${arn}/${key}`] };
  if (method === 'POST' && query.has('delete')) return { action: 's3:DeleteObject', resources: [`${arn}/*`] };
  if (isForm(request)) {
    const field = body.toString('latin1').match(/name="key"\s+([^\r\n]+)/i)?.[1];
    return { action: 's3:PutObject', resources: [`${arn}/${field ?? '*'}`] };
  }
  const prefix = query.get('prefix');
  return {
    action: bucketActions[method] ?? 's3:ListBucket',
    resources: [arn],
    context: prefix ? { 's3:prefix': prefix } : undefined,
  };
}
