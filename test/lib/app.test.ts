import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Entry, functionName, ofKind, readCatalogue } from '../../lib/catalogue.ts';
import { marketplaces } from '../../marketplaces/index.ts';
import { keptAssembly } from '../support/kept.ts';
import { type Assembly, pick, readAssembly } from './assembly.ts';
import { roleOf, statementsOf } from './statements.ts';

/** What one Lambda may weigh, in bytes: its import is most of a cold start. */
const MAX_BUNDLE = 420_000;

let app: Assembly;
let entries: Entry[];

beforeAll(async () => {
  entries = await readCatalogue(join(import.meta.dirname, '../..'));
  app = readAssembly(await keptAssembly());
}, 60_000);

const functionsOf = () => app.of('AWS::Lambda::Function');
const assetOf = (fn: { Metadata?: Record<string, unknown> }) =>
  join(app.folder, String(fn.Metadata?.['aws:asset:path']));

describe('the application', () => {
  test('has exactly one Lambda for each declaration, and the migration', () => {
    const expected = [...entries.map(functionName), 'vicinity-platform-migrate-database'];
    expect(functionsOf().map(fn => fn.Properties.FunctionName)).toHaveLength(expected.length);
    expect(new Set(functionsOf().map(fn => fn.Properties.FunctionName))).toEqual(new Set(expected));
  });

  test('has exactly one route for each HTTP declaration', () => {
    const expected = ofKind(entries, 'http').map(({ contract }) =>
      contract.path === '$default' ? contract.path : `${contract.method} ${contract.path}`,
    );
    expect(
      app
        .of('AWS::ApiGatewayV2::Route')
        .map(route => route.Properties.RouteKey)
        .sort(),
    ).toEqual(expected.sort());
  });

  test('has one mapping for each queue declaration, reporting failures by record', () => {
    const mappings = app.of('AWS::Lambda::EventSourceMapping');
    expect(mappings.map(mapping => mapping.Properties.BatchSize).sort()).toEqual(
      ofKind(entries, 'queue')
        .map(({ contract }) => contract.batch_size)
        .sort(),
    );
    for (const mapping of mappings) {
      expect(mapping.Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    }
  });

  test('runs each schedule in UTC, or once in the zone of each marketplace', () => {
    const expected = ofKind(entries, 'schedule').flatMap(({ contract: { name, zone } }) =>
      zone === 'UTC'
        ? [[name, 'UTC', '{}']]
        : marketplaces.map(({ slug, time_zone }) => [
            `${name}-${slug}`,
            time_zone,
            JSON.stringify({ marketplace: slug }),
          ]),
    );
    const found = app
      .of('AWS::Scheduler::Schedule')
      .map(({ Properties }) => [
        Properties.Name,
        Properties.ScheduleExpressionTimezone,
        (Properties.Target as { Input: string }).Input,
      ]);
    expect(found.sort()).toEqual(expected.sort());
  });

  test('gives each Lambda the secret of its kind, and the token keys to HTTP only', () => {
    for (const entry of entries) {
      const fn = pick(app, 'AWS::Lambda::Function', 'FunctionName', functionName(entry));
      const { Variables } = fn.Properties.Environment as { Variables: Record<string, unknown> };
      const isHttp = entry.contract.kind === 'http';
      expect(JSON.stringify(Variables.DATABASE_SECRET_ARN)).toContain(
        isHttp ? 'SecretsApi' : 'SecretsWorker',
      );
      expect('TOKEN_KEYS' in Variables).toBe(isHttp);
    }
  });

  test('allows no wildcard in an action, and in a resource only where AWS knows no other way', () => {
    for (const role of app.of('AWS::IAM::Role')) {
      for (const { action, resources } of statementsOf(role)) {
        expect(action).not.toContain('*');
        const open = resources.some(resource => resource === '*');
        expect(open, `${role.id} ${action}`).toBe(
          action.startsWith('xray:') || action.startsWith('rekognition:'),
        );
      }
    }
  });

  test('lets only the Lambdas that declare it sign tokens', () => {
    const signers = functionsOf()
      .filter(fn => statementsOf(roleOf(app, fn)).some(({ action }) => action === 'kms:Sign'))
      .map(fn => fn.Properties.FunctionName);
    const declared = entries
      .filter(({ contract }) => contract.needs.includes('token-signing'))
      .map(functionName);
    expect(signers.sort()).toEqual(declared.sort());
  });

  test('gives each function a role of its own and no managed policy', () => {
    const roles = functionsOf().map(fn => roleOf(app, fn));
    expect(new Set(roles.map(role => role.id + role.stack)).size).toBe(roles.length);
    for (const role of roles) expect(role.Properties.ManagedPolicyArns).toBeUndefined();
  });

  test('keeps every bundle small, alone in its asset and next to its metadata', () => {
    for (const fn of functionsOf()) {
      const asset = assetOf(fn);
      expect(readdirSync(asset)).toEqual(expect.arrayContaining(['index.js', 'package.json']));
      expect(statSync(join(asset, 'index.js')).size, String(fn.Properties.FunctionName)).toBeLessThan(
        MAX_BUNDLE,
      );
      expect(fn.Metadata?.['aws:asset:property']).toBe('Code');
    }
  });

  test('puts the migrations beside the Lambda that applies them', () => {
    const asset = assetOf(
      pick(app, 'AWS::Lambda::Function', 'FunctionName', 'vicinity-platform-migrate-database'),
    );
    expect(readdirSync(join(asset, 'sql')).sort()).toEqual(['functions', 'migrations']);
  });

  test('puts files beside the Lambdas that asked for them and beside no other', () => {
    for (const entry of entries) {
      const fn = pick(app, 'AWS::Lambda::Function', 'FunctionName', functionName(entry));
      const asks = entry.contract.needs.includes('bundled-files');
      expect(existsSync(join(assetOf(fn), 'files')), functionName(entry)).toBe(asks);
    }
  });

  test('stays within the 500 resources of a stack', () => {
    const stacks = Map.groupBy(app.resources, resource => resource.stack);
    for (const [stack, resources] of stacks) expect(resources.length, stack).toBeLessThan(500);
  });

  test('explains every finding of cdk-nag that it accepts', () => {
    expect(app.acknowledged.length).toBeGreaterThan(0);
    for (const { path, rule, reason } of app.acknowledged) {
      expect(reason.split(' ').length, `${path} ${rule}`).toBeGreaterThan(7);
    }
  });
});
