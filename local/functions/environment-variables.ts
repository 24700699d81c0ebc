import { region } from '../aws/account.ts';
import type { FunctionDefinition } from './definition.ts';

/**
 * Everything a function's `process.env` holds: the template's variables and those of the Lambda runtime, nothing of
 * this machine's own environment. Of an endpoint only AWS_ENDPOINT_URL tells, which the SDK reads by itself.
 */
export function environmentVariables(
  definition: FunctionDefinition,
  accessKeyId: string,
  endpoint: string,
): Record<string, string> {
  return {
    ...definition.variables(),
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memory),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: accessKeyId,
    LAMBDA_TASK_ROOT: definition.folder,
    _HANDLER: definition.handler,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL: endpoint,
  };
}
