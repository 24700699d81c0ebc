import * as z from 'zod/mini';
import type { Database, Patience, Result, Value } from '../../database/database.ts';
import { type Answer, AwsError, json, jsonError } from '../answer.ts';
import { type AwsRequest, parseBody } from '../request.ts';
import type { Secrets } from '../secrets-manager.ts';
import type { Permission, Service } from '../service.ts';
import { bindParameters } from './bind-parameters.ts';
import { limits, type TimeLimits } from './limits.ts';
import { BatchRequest, BeginRequest, EndRequest, ExecuteRequest } from './requests.ts';
import { toAwsError } from './to-aws-error.ts';
import { holdTransactions } from './transactions.ts';
import { catalogueSql, readCatalogue, type TypeCatalogue } from './type-catalogue.ts';
import { writeResult } from './write-result.ts';

const actions: Record<string, string> = {
  '/Execute': 'ExecuteStatement',
  '/BatchExecute': 'BatchExecuteStatement',
  '/BeginTransaction': 'BeginTransaction',
  '/CommitTransaction': 'CommitTransaction',
  '/RollbackTransaction': 'RollbackTransaction',
};

type Run = (sql: string, values: readonly Value[], patience: Patience) => Promise<Result>;

export type RdsData = Service & { declareCluster(cluster: { arn: string; databaseName: string }): void };

/** The Data API over the one database there is. The secret of a call says the role that its statement runs as. */
export function makeRdsData(database: Database, secrets: Secrets, time: TimeLimits): RdsData {
  const clusters = new Map<string, string>();
  const patience = { milliseconds: time.statementMilliseconds, carryOn: false };
  const transactions = holdTransactions(database, time, patience);
  let types: TypeCatalogue = new Map();

  /** Checks what every call says of its target, and returns the role. */
  function roleOf(call: {
    resourceArn: string;
    secretArn: string;
    database?: string;
    schema?: string;
  }): string {
    const name = clusters.get(call.resourceArn);
    if (!name) {
      throw new AwsError(
        'BadRequestException',
        400,
        `HttpEndpoint is not enabled for resource ${call.resourceArn}`,
      );
    }
    if (call.schema !== undefined)
      throw new AwsError('ValidationException', 400, 'Database schema is not supported');
    if (call.database !== undefined && call.database !== name) {
      const message = `FATAL: database "${call.database}" does not exist; SQLState: 3D000`;
      throw new AwsError('DatabaseNotFoundException', 404, message);
    }
    return secrets.usernameOf(call.secretArn);
  }

  /** A type that is not known yet may have been made since, perhaps in this very transaction. */
  async function learnTypes(result: Result, run: Run): Promise<TypeCatalogue> {
    if (result.columns.some(column => !types.has(column.type))) {
      types = readCatalogue(await run(catalogueSql, [], patience));
    }
    return types;
  }

  async function execute(request: AwsRequest): Promise<Answer> {
    const call = parseBody(ExecuteRequest, request);
    const role = roleOf(call);
    refuseLongSql(call.sql);
    const { sql, values } = bindParameters(call.sql, call.parameters);
    const work = async (run: Run) => {
      const result = await run(sql, values, { ...patience, carryOn: call.continueAfterTimeout });
      return writeResult(result, call, await learnTypes(result, run));
    };
    if (call.transactionId) return transactions.use(call.transactionId, role, t => work(t.execute));
    return work((...statement) => database.execute(role, ...statement));
  }

  /** Without a transaction of the caller's, the sets share one: all of them or none. */
  async function executeBatch(request: AwsRequest): Promise<Answer> {
    const call = parseBody(BatchRequest, request);
    const role = roleOf(call);
    refuseLongSql(call.sql);
    const statements = call.parameterSets.map(set => bindParameters(call.sql, set));
    const id = call.transactionId ?? (await transactions.begin(role));
    try {
      await transactions.use(id, role, async transaction => {
        for (const { sql, values } of statements) await transaction.execute(sql, values, patience);
      });
    } catch (error) {
      if (!call.transactionId) await transactions.rollback(id, role);
      throw error;
    }
    if (!call.transactionId) await transactions.commit(id, role);
    return json({ updateResults: statements.map(() => ({ generatedFields: [] })) });
  }

  async function perform(request: AwsRequest): Promise<Answer> {
    if (request.path === '/Execute') return execute(request);
    if (request.path === '/BatchExecute') return executeBatch(request);
    if (request.path === '/BeginTransaction') {
      const role = roleOf(parseBody(BeginRequest, request));
      return json({ transactionId: await transactions.begin(role) });
    }
    const call = parseBody(EndRequest, request);
    const commits = request.path === '/CommitTransaction';
    await transactions[commits ? 'commit' : 'rollback'](call.transactionId, roleOf(call));
    return json({ transactionStatus: commits ? 'Transaction Committed' : 'Rollback Complete' });
  }

  return {
    denied: { name: 'AccessDeniedException', status: 403 },
    errorAnswer: jsonError,
    declareCluster: ({ arn, databaseName }) => void clusters.set(arn, databaseName),
    permissionsOf: request => permissionsOf(request, secrets),
    answer: request =>
      perform(request).catch((error: unknown) => {
        throw toAwsError(error);
      }),
  };
}

function permissionsOf(request: AwsRequest, secrets: Secrets): Permission[] {
  const action = actions[request.path];
  if (!action) throw new AwsError('NotFoundException', 404, `The Data API has no ${request.path}`);
  if (request.body.length > limits.requestBytes) {
    throw new AwsError('BadRequestException', 400, 'Request body exceeds the allowed size limit');
  }
  const call = parseBody(z.object({ resourceArn: z.string(), secretArn: z.string() }), request);
  const needed = { action: `rds-data:${action}`, resources: [call.resourceArn] };
  return [needed, ...secrets.permissionsToRead(call.secretArn)];
}

function refuseLongSql(sql: string): void {
  if (sql.length > limits.sqlCharacters) {
    throw new AwsError(
      'ValidationException',
      400,
      `SQL exceeds the limit of ${limits.sqlCharacters} characters`,
    );
  }
}
