import * as z from 'zod/mini';
import { arnOf } from '../account.ts';
import { jsonError } from '../answer.ts';
import { type AwsRequest, parseBody } from '../request.ts';
import type { Permission, Service } from '../service.ts';
import { type Fauxqs, queueArnOf } from './fauxqs.ts';

const Call = z.object({ QueueUrl: z.optional(z.string()), QueueName: z.optional(z.string()) });

// A batch is permitted by the action of its single form.
const actions: Record<string, string> = {
  SendMessageBatch: 'SendMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
};

/**
 * SQS.
 *
 * @param keyArns the customer's key of each encrypted queue, by the queue's ARN: who sends or receives needs it too
 */
export function makeSqs(fauxqs: Fauxqs, keyArns: ReadonlyMap<string, string>): Service {
  function permissionsOf(request: AwsRequest): Permission[] {
    const call = parseBody(Call, request);
    const action = actions[request.operation] ?? request.operation;
    const arn = call.QueueUrl ? queueArnOf(call.QueueUrl) : arnOf('sqs', call.QueueName ?? '*');
    const needed = [{ action: `sqs:${action}`, resources: [arn] }];
    const key = keyArns.get(arn);
    if (key && (action === 'SendMessage' || action === 'ReceiveMessage')) {
      needed.push({ action: 'kms:Decrypt', resources: [key] });
      if (action === 'SendMessage') needed.push({ action: 'kms:GenerateDataKey', resources: [key] });
    }
    return needed;
  }

  return {
    denied: { name: 'AccessDeniedException', status: 403 },
    errorAnswer: jsonError,
    permissionsOf,
    async answer(request) {
      const answer = await fauxqs.pass(request);
      // The embedded server names a host of its own making, which not every system resolves.
      const body = answer.body
        .toString()
        .replaceAll(/http:\/\/sqs\.[^/"]+/g, `http://${request.headers.host}`);
      return request.operation.includes('Queue') ? { ...answer, body } : answer;
    },
  };
}
