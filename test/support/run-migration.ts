import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { deployFrom } from '../../lambdas/platform/migrate-database.ts';

/** Runs the deployment's migration as CloudFormation does: an event, and an answer that is put to a URL. */
export async function runMigration(
  folder: string,
  environment: Record<string, string>,
): Promise<{ TokenKeys: string; DataKeys: string }> {
  const before = { ...process.env };
  Object.assign(process.env, environment);
  const { promise, resolve } = Promise.withResolvers<string>();
  const server = createServer(async (request, response) => {
    resolve(await text(request));
    response.end();
  });
  try {
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    await deployFrom(folder)({
      RequestType: 'Create',
      ServiceToken: 'arn:aws:lambda:us-east-1:000000000000:function:vicinity-platform-migrate-database',
      ResponseURL: `http://127.0.0.1:${port}/`,
      StackId: 'arn:aws:cloudformation:us-east-1:000000000000:stack/vicinity-data/1',
      RequestId: '1',
      LogicalResourceId: 'Run',
      ResourceType: 'Custom::DatabaseMigration',
      ResourceProperties: { ServiceToken: '' },
    });
    const answer = JSON.parse(await promise);
    if (answer.Status !== 'SUCCESS') throw new Error(answer.Reason);
    return answer.Data;
  } finally {
    server.close();
    process.env = before;
  }
}
