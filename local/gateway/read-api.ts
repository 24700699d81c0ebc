import { matchName } from '../aws/iam/match-name.ts';
import { type JsonObject, list, number, object, text } from '../template/json.ts';
import type { LiveResource, Resources } from '../template/resources.ts';
import type { Cors } from './cors.ts';
import { parseRoute, type Route } from './match-route.ts';
import type { Limit } from './throttle.ts';

export type Integration = {
  functionArn: string;
  /** Milliseconds that the gateway waits for an answer. */
  timeout: number;
  /** Whether an `AWS::Lambda::Permission` lets the gateway invoke the function for this route. */
  permitted: boolean;
};

export type Stage = { name: string; limit?: Limit; routeLimits: Map<string, Limit> };

export type Api = {
  id: string;
  name: string;
  cors?: Cors;
  stages: Map<string, Stage>;
  routes: Route<Integration>[];
};

/** The HTTP APIs of the templates with their stages and routes, wherever the stacks declare them. */
export function readApis(resources: Resources): Api[] {
  const integrations = new Map(resources.ofType('AWS::ApiGatewayV2::Integration').map(it => [it.ref, it]));
  const permissions = resources.ofType('AWS::Lambda::Permission').map(permission => permission.properties());
  return resources.ofType('AWS::ApiGatewayV2::Api').map(api => {
    const belongs = (resource: LiveResource): boolean => resource.property('ApiId') === api.ref;
    const routes = resources.ofType('AWS::ApiGatewayV2::Route').filter(belongs);
    const stages = resources.ofType('AWS::ApiGatewayV2::Stage').filter(belongs).map(readStage);
    return {
      id: api.ref,
      name: text(api.property('Name') ?? api.logicalId, 'the name of the API'),
      cors: readCors(object(api.property('CorsConfiguration'))),
      stages: new Map(stages.map(stage => [stage.name, stage])),
      routes: routes.map(route =>
        readRoute(route, api.attribute('Arn') as string, integrations, permissions),
      ),
    };
  });
}

function readRoute(
  route: LiveResource,
  apiArn: string,
  integrations: Map<string, LiveResource>,
  permissions: JsonObject[],
): Route<Integration> {
  const key = text(route.property('RouteKey'), 'the route key');
  const target = text(route.property('Target'), `the target of ${key}`);
  const integration = integrations.get(target.replace('integrations/', ''));
  if (!integration) throw new Error(`The route ${key} leads to an integration that is not in the template.`);
  const uri = text(integration.property('IntegrationUri'), `the integration of ${key}`);
  // The URI is the function's ARN, or that ARN inside API Gateway's own.
  const functionArn = /arn:aws:lambda:[^/]+/.exec(uri)?.[0] ?? uri;
  return parseRoute(key, {
    functionArn,
    timeout: number(integration.property('TimeoutInMillis'), 30_000),
    permitted: permissions.some(permission => permits(permission, functionArn, sourceOf(apiArn, key))),
  });
}

/** What API Gateway names as the source of an invocation, with a stage that the permission's pattern must cover. */
function sourceOf(apiArn: string, key: string): string {
  const [method, path] = key.split(' ');
  return key === '$default' ? `${apiArn}/stage/$default` : `${apiArn}/stage/${method}${path}`;
}

function permits(permission: JsonObject, functionArn: string, source: string): boolean {
  const functionName = text(permission.FunctionName, 'the function of a permission');
  if (functionName !== functionArn && !functionArn.endsWith(`:function:${functionName}`)) return false;
  if (permission.Principal !== 'apigateway.amazonaws.com') return false;
  if (typeof permission.SourceArn !== 'string') return true;
  return matchName(permission.SourceArn, source);
}

function readStage(stage: LiveResource): Stage {
  const limitOf = (settings: JsonObject): Limit | undefined =>
    settings.ThrottlingRateLimit === undefined
      ? undefined
      : { rate: number(settings.ThrottlingRateLimit, 0), burst: number(settings.ThrottlingBurstLimit, 0) };
  const routeLimits = new Map<string, Limit>();
  for (const [key, settings] of Object.entries(object(stage.property('RouteSettings')))) {
    const limit = limitOf(object(settings));
    if (limit) routeLimits.set(key, limit);
  }
  return {
    name: stage.ref,
    limit: limitOf(object(stage.property('DefaultRouteSettings'))),
    routeLimits,
  };
}

function readCors(cors: JsonObject): Cors | undefined {
  if (Object.keys(cors).length === 0) return undefined;
  const texts = (name: string): string[] => list(cors[name]).map(item => text(item, name));
  return {
    origins: texts('AllowOrigins'),
    methods: texts('AllowMethods'),
    headers: texts('AllowHeaders'),
    exposed: texts('ExposeHeaders'),
    maxAge: cors.MaxAge === undefined ? undefined : number(cors.MaxAge, 0),
    credentials: cors.AllowCredentials === true,
  };
}
