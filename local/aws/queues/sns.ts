import { createHash } from 'node:crypto';
import { arnOf } from '../account.ts';
import { type Answer, AwsError, escapeXml, queryError } from '../answer.ts';
import type { Messages } from '../messages.ts';
import type { AwsRequest } from '../request.ts';
import type { Permission, Service } from '../service.ts';
import type { Fauxqs } from './fauxqs.ts';

/** SNS: topics by the embedded server; platform endpoints, which it does not know, end in the messages log. */
export function makeSns(fauxqs: Fauxqs, messages: Messages): Service {
  return {
    denied: { name: 'AuthorizationError', status: 403 },
    errorAnswer: queryError,
    permissionsOf: request => [permissionOf(formOf(request))],
    async answer(request) {
      const form = formOf(request);
      const target = form.get('TargetArn') ?? '';
      if (form.get('Action') === 'CreatePlatformEndpoint') return createEndpoint(form);
      if (form.get('Action') === 'SetEndpointAttributes') return succeed('SetEndpointAttributes');
      if (form.get('Action') === 'DeleteEndpoint') return succeed('DeleteEndpoint');
      if (form.get('Action') === 'Publish' && target.includes(':endpoint/'))
        return push(form, target, messages);
      return fauxqs.pass(request);
    },
  };
}

const formOf = (request: AwsRequest) => new URLSearchParams(request.body.toString('utf8'));

function permissionOf(form: URLSearchParams): Permission {
  const resource =
    form.get('TopicArn') ??
    form.get('TargetArn') ??
    form.get('PlatformApplicationArn') ??
    form.get('EndpointArn');
  const named = form.get('Name');
  return {
    action: `sns:${form.get('Action')?.replace(/^PublishBatch$/, 'Publish')}`,
    resources: [resource ?? (named ? arnOf('sns', named) : '*')],
  };
}

/** APNs gives tokens of 32 bytes in hex, and SNS takes no others for it. */
const APNS_TOKEN = /^[0-9a-f]{64}$/i;

/** A token has one endpoint in an application, whoever asks again: the ARN is made from both. */
function createEndpoint(form: URLSearchParams): Answer {
  const application = form.get('PlatformApplicationArn') ?? '';
  const token = form.get('Token');
  const wrongToken = application.includes(':app/APNS/') && !APNS_TOKEN.test(token ?? '');
  if (!application.includes(':app/') || !token || wrongToken) {
    throw new AwsError('InvalidParameter', 400, 'Invalid parameter: PlatformApplicationArn or Token');
  }
  const id = createHash('sha256').update(token).digest('hex').slice(0, 36);
  return succeed(
    'CreatePlatformEndpoint',
    'EndpointArn',
    `${application.replace(':app/', ':endpoint/')}/${id}`,
  );
}

function push(form: URLSearchParams, to: string, messages: Messages): Answer {
  const message = form.get('Message');
  if (!message) throw new AwsError('InvalidParameter', 400, 'Invalid parameter: Empty message');
  messages.record({ channel: 'push', to, subject: form.get('Subject') ?? undefined, body: message });
  return succeed('Publish', 'MessageId', crypto.randomUUID());
}

function succeed(action: string, field?: string, value = ''): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body:
      `<${action}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><${action}Result>` +
      `${field ? `<${field}>${escapeXml(value)}</${field}>` : ''}</${action}Result></${action}Response>`,
  };
}
