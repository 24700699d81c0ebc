import { resolve as resolvePath } from 'node:path';
import type { FunctionDefinition } from '../functions/definition.ts';
import { number, object, text } from './json.ts';
import { statementsOf } from './read-policies.ts';
import type { LiveResource, Resources } from './resources.ts';

/** The functions that the templates declare. Their variables stay unresolved until they are read. */
export function readFunctions(resources: Resources): FunctionDefinition[] {
  const invokeConfigs = resources.ofType('AWS::Lambda::EventInvokeConfig');
  // CDK's own helpers carry their code inline; nothing that runs here needs them.
  return resources
    .ofType('AWS::Lambda::Function')
    .filter(resource => typeof resource.metadata['aws:asset:path'] === 'string')
    .map(resource => readFunction(resource, resources, invokeConfigs));
}

function readFunction(
  resource: LiveResource,
  resources: Resources,
  invokeConfigs: LiveResource[],
): FunctionDefinition {
  const name = resource.ref;
  const arn = text(resource.attribute('Arn'), `the ARN of ${name}`);
  const config = invokeConfigs.find(it => [name, arn].includes(String(it.property('FunctionName'))));
  const onFailure = object(object(config?.property('DestinationConfig')).OnFailure).Destination;
  const deadLetter = object(resource.property('DeadLetterConfig')).TargetArn ?? onFailure;
  const logging = object(resource.property('LoggingConfig'));
  return {
    name,
    arn,
    folder: resolvePath(resource.stack.folder, text(resource.metadata['aws:asset:path'], 'the asset')),
    handler: text(resource.property('Handler'), `the handler of ${name}`),
    memory: number(resource.property('MemorySize'), 128),
    timeout: number(resource.property('Timeout'), 3),
    logGroup: text(logging.LogGroup ?? `/aws/lambda/${name}`, `the log group of ${name}`),
    statements: statementsOf(resources, text(resource.property('Role'), `the role of ${name}`)),
    asyncRetries: number(config?.property('MaximumRetryAttempts'), 2),
    deadLetterArn: deadLetter === undefined ? undefined : text(deadLetter, 'a dead-letter queue'),
    variables() {
      const variables = object(object(resource.property('Environment')).Variables);
      return Object.fromEntries(
        Object.entries(variables).map(([key, value]) => [key, text(value, `${key} of ${name}`)]),
      );
    },
  };
}
