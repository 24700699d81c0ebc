import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  ApiMapping,
  CorsHttpMethod,
  DomainName,
  HttpApi,
  HttpStage,
  LogGroupLogDestination,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { marketplaces } from '../marketplaces/index.ts';
import type { Marketplace } from '../marketplaces/marketplace.ts';
import type { Settings } from './settings.ts';

/** Requests a second and requests at once, for one marketplace: its neighbours keep what is left of the account's. */
const THROTTLE = { rateLimit: 1000, burstLimit: 2000 };

/** API Gateway fills these in. No field holds what a person sent, only where and how it ended. */
const ACCESS_LOG = {
  request_id: '$context.requestId',
  at: '$context.requestTimeEpoch',
  marketplace: '$context.stage',
  route: '$context.routeKey',
  status: '$context.status',
  latency_ms: '$context.responseLatency',
  integration_latency_ms: '$context.integrationLatency',
  integration_error: '$context.integrationErrorMessage',
  response_bytes: '$context.responseLength',
  ip: '$context.identity.sourceIp',
  user_agent: '$context.identity.userAgent',
};

/** One HTTP API, one stage per marketplace. The module stacks add their routes to it. */
export class ApiStack extends Stack {
  readonly api: HttpApi;

  constructor(app: App, settings: Settings) {
    super(app, 'vicinity-api', { description: 'Vicinity: the HTTP API and a stage for each marketplace' });
    this.api = new HttpApi(this, 'Api', {
      apiName: 'vicinity',
      description: 'Vicinity',
      createDefaultStage: false,
      corsPreflight: {
        allowOrigins: settings.cors_origins,
        allowMethods: [
          CorsHttpMethod.GET,
          CorsHttpMethod.HEAD,
          CorsHttpMethod.POST,
          CorsHttpMethod.PUT,
          CorsHttpMethod.PATCH,
          CorsHttpMethod.DELETE,
        ],
        allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-none-match'],
        exposeHeaders: ['etag', 'idempotency-replayed', 'location', 'retry-after'],
        maxAge: Duration.hours(1),
      },
    });
    for (const marketplace of marketplaces) this.open(marketplace, settings);
  }

  private open({ slug, name }: Marketplace, settings: Settings): void {
    const logs = new LogGroup(this, `logs-${slug}`, {
      // Under this prefix API Gateway's deliveries share one resource policy, whose size is limited.
      logGroupName: `/aws/vendedlogs/vicinity/${slug}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const stage = new HttpStage(this, `stage-${slug}`, {
      httpApi: this.api,
      stageName: slug,
      description: name,
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: {
        destination: new LogGroupLogDestination(logs),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
    new CfnOutput(this, `url-${slug}`, { value: stage.url, description: `Where ${name} answers` });
    const domain = settings.domains[slug];
    if (!domain) return;
    const domainName = new DomainName(this, `domain-${slug}`, {
      domainName: domain.name,
      certificate: Certificate.fromCertificateArn(this, `certificate-${slug}`, domain.certificate_arn),
      securityPolicy: SecurityPolicy.TLS_1_2,
    });
    new ApiMapping(this, `mapping-${slug}`, { api: this.api, domainName, stage });
    new CfnOutput(this, `target-${slug}`, {
      value: domainName.regionalDomainName,
      description: `Where an alias record of ${domain.name} points to`,
    });
  }
}
