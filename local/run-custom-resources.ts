import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import type { LambdaFunction } from './functions/lambda-function.ts';
import { type JsonObject, object, text } from './template/json.ts';
import { type LiveResource, type Resources, stackId } from './template/resources.ts';

/** Helpers that CDK adds for a deployment's sake. They change nothing that exists here. */
const helpers = new Set([
  'Custom::S3AutoDeleteObjects',
  'Custom::S3BucketNotifications',
  'Custom::LogRetention',
  'Custom::VpcRestrictDefaultSG',
]);

/** The custom resources that a start has to run, each after those of the stacks it depends on. */
function customResourcesOf(resources: Resources): LiveResource[] {
  return resources
    .all()
    .filter(({ type }) => type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource')
    .filter(({ type }) => !helpers.has(type));
}

/**
 * Creates the custom resources as CloudFormation does: each Lambda is told where to put its answer, and the answer's
 * data become the resource's attributes. A resource is created again at each start, so its Lambda must bear that.
 *
 * @throws Error with the Lambda's own reason when one fails
 */
export async function runCustomResources(
  resources: Resources,
  functionOf: (arn: string) => LambdaFunction | undefined,
): Promise<void> {
  const answers = new Map<string, (answer: JsonObject) => void>();
  const server = createServer(async (request, response) => {
    const body = await readText(request);
    answers.get(request.url ?? '')?.(JSON.parse(body) as JsonObject);
    response.end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    for (const resource of customResourcesOf(resources)) {
      const answer = Promise.withResolvers<JsonObject>();
      const path = `/${randomUUID()}`;
      answers.set(path, answer.resolve);
      await create(resource, functionOf, `http://127.0.0.1:${port}${path}`, answer.promise, resources);
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function create(
  resource: LiveResource,
  functionOf: (arn: string) => LambdaFunction | undefined,
  responseUrl: string,
  answered: Promise<JsonObject>,
  resources: Resources,
): Promise<void> {
  const serviceToken = text(resource.property('ServiceToken'), `the Lambda of ${resource.logicalId}`);
  const target = functionOf(serviceToken);
  if (!target)
    throw new Error(
      `${resource.logicalId} (${resource.type}) is made by ${serviceToken}, which cannot run here.`,
    );
  const outcome = await target.invoke({
    RequestType: 'Create',
    ResponseURL: responseUrl,
    StackId: stackId(resource.stack),
    RequestId: randomUUID(),
    LogicalResourceId: resource.logicalId,
    ResourceType: resource.type,
    ResourceProperties: resource.properties(),
  });
  const failed = (reason: string): Error =>
    new Error(`${resource.type.replace('Custom::', '')} failed: ${reason.replace(/\s+/g, ' ').trim()}`);
  if (!outcome.ok) throw failed(outcome.error.errorMessage);
  const nothing = { Status: 'FAILED', Reason: 'its Lambda ended without an answer.' };
  // The handler puts its answer before it ends, so a missing one will not come.
  const answer = await Promise.race([answered, Promise.resolve().then((): JsonObject => nothing)]);
  if (answer.Status !== 'SUCCESS') throw failed(text(answer.Reason ?? 'no reason was given.', 'the reason'));
  const physicalId = text(answer.PhysicalResourceId ?? resource.logicalId, 'the physical id');
  resources.setAttributes(resource, physicalId, object(answer.Data));
}
