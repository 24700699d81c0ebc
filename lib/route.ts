import { CfnIntegration, CfnRoute } from 'aws-cdk-lib/aws-apigatewayv2';
import { CfnPermission, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Aws } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

export type RouteProps = {
  fn: IFunction;
  apiId: string;
  method: string;
  /** `/api/v1/parking/spaces/{space_id}`, or `$default` for whatever no other route takes. */
  path: string;
};

/** A route of the HTTP API and the one Lambda that answers it, which only this route may invoke. */
export class Route extends Construct {
  constructor(scope: Construct, id: string, props: RouteProps) {
    super(scope, id);
    const { fn, apiId, method, path } = props;
    const isDefault = path === '$default';
    const integration = new CfnIntegration(this, 'Integration', {
      apiId,
      integrationType: 'AWS_PROXY',
      integrationUri: fn.functionArn,
      payloadFormatVersion: '2.0',
    });
    const route = new CfnRoute(this, 'Route', {
      apiId,
      routeKey: isDefault ? path : `${method} ${path}`,
      authorizationType: 'NONE',
      target: `integrations/${integration.ref}`,
    });
    // The first star is the stage: every marketplace. A variable of the path can be any text, hence the others.
    const source = isDefault ? `*/${path}` : `*/${method}${path.replaceAll(/\{[^}]*\}/g, '*')}`;
    new CfnPermission(this, 'Permission', {
      action: 'lambda:InvokeFunction',
      functionName: fn.functionArn,
      principal: 'apigateway.amazonaws.com',
      sourceArn: `arn:${Aws.PARTITION}:execute-api:${Aws.REGION}:${Aws.ACCOUNT_ID}:${apiId}/${source}`,
    });
    acknowledge(route, {
      'AwsSolutions-APIG4':
        'The Lambda verifies the token with the public key, and the database checks session and permission in the ' +
        'transaction of the first statement: an authoriser could do neither, and would cost an invocation more.',
    });
  }
}
