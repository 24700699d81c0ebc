import { createHash } from 'node:crypto';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { type Answer, answerWith, problemOf } from './answer.ts';
import { authenticate, type Identity, readBearer } from './authenticate.ts';
import { type Context, openDatabase, Replay, type Tally } from './database.ts';
import { readInput } from './input.ts';
import { describeError, log } from './log.ts';
import { nudgeRelay } from './nudge-relay.ts';
import { common, Refusal } from './refusal.ts';
import { type Request, readIdempotencyKey, readRequest } from './request.ts';
import { type Handler, type HttpContract, isOwnAccount, staysOpen, type UseCase } from './use-case.ts';
import { withContract } from './with-contract.ts';

/**
 * The Lambda of a use case: reads and checks the request, runs the use case, answers with JSON or a problem document,
 * logs one line and wakes the relay. Nothing happens when it is made.
 */
export function http(useCase: UseCase): Handler<HttpContract> {
  const { contract } = useCase;
  const lambda = middy<APIGatewayProxyEventV2, Answer>({ timeoutEarlyInMillis: 400 })
    .handler((event: APIGatewayProxyEventV2) => observe(useCase, event))
    // Reached only when time runs out: whatever else fails has become a problem document inside.
    .onError(request => {
      const { requestId, stage } = request.event.requestContext;
      const route = `${contract.method} ${contract.path}`;
      log.error('request', {
        request_id: requestId,
        marketplace: stage,
        route,
        status: 503,
        ...describeError(request.error),
      });
      request.response = problemOf(new Refusal(common.timed_out), requestId);
    });
  return withContract(lambda, contract);
}

async function observe(useCase: UseCase, event: APIGatewayProxyEventV2): Promise<Answer> {
  const started = performance.now();
  const tally: Tally = { trips: 0, emitted: 0 };
  const { requestId, stage } = event.requestContext;
  let failure: unknown;
  const answer = await respond(useCase, event, tally).catch(error => {
    failure = error;
    return problemOf(error, requestId);
  });
  await nudgeRelay(tally.emitted);
  const status = answer.statusCode ?? 200;
  log[status < 500 ? 'info' : 'error']('request', {
    request_id: requestId,
    marketplace: stage,
    route: `${useCase.contract.method} ${useCase.contract.path}`,
    status,
    duration_ms: Math.round(performance.now() - started),
    trips: tally.trips,
    ...(failure instanceof Refusal ? { code: failure.code } : {}),
    ...(status < 500 ? {} : describeError(failure)),
  });
  return answer;
}

async function respond(useCase: UseCase, event: APIGatewayProxyEventV2, tally: Tally): Promise<Answer> {
  const { contract } = useCase;
  const request = readRequest(event, contract);
  const identity = await authenticate(request, contract);
  const key = readIdempotencyKey(request, contract);
  const input = readInput(request, contract);
  const now = new Date();
  const db = openDatabase(contextOf(request, contract, identity, key, now), tally, {
    refusals: contract.refusals,
    repeatable: contract.method === 'GET' || key !== undefined,
  });
  const call = {
    db,
    marketplace: request.marketplace,
    now,
    bearer: () => readBearer(request),
    ...(identity ?? { actor: null }),
  };
  try {
    const output = await useCase.run(input, call, request);
    return answerWith(shape(contract, output), contract, request, false);
  } catch (error) {
    if (!(error instanceof Replay)) throw error;
    const [row] = error.rows;
    const earlier = useCase.reveal ? await useCase.reveal(row) : row;
    return answerWith(shape(contract, earlier), contract, request, true);
  }
}

/** Only what the contract names leaves: a column too many in a row is dropped here. */
function shape(contract: HttpContract, output: unknown): unknown {
  return contract.raw || contract.status === 204 ? output : z.parse(contract.output, output);
}

function contextOf(
  request: Request,
  contract: HttpContract,
  identity: Identity | null,
  key: string | undefined,
  now: Date,
): Context {
  const fingerprint = digest(contract.method, contract.path, request.path, request.query, request.body);
  return {
    marketplace: request.marketplace.slug,
    now: now.toISOString(),
    access: contract.access.kind === 'permitted' ? contract.access.permission : contract.access.kind,
    ...(isOwnAccount(contract) ? { own: true } : {}),
    ...(contract.presence === 'second_factor' ? { fresh_factor: true } : {}),
    ...(staysOpen(contract) ? { stays_open: true } : {}),
    ...(identity && contract.method !== 'GET' ? { limited: true } : {}),
    request_id: request.id,
    ip: request.ip,
    user_agent: request.userAgent?.slice(0, 400).replaceAll(/\p{Cc}/gu, ' '),
    ...identity,
    ...(identity?.token_hash ? { method: contract.method } : {}),
    ...(identity?.impersonator ? { route: `${contract.method} ${contract.path}` } : {}),
    ...(key === undefined
      ? {}
      : {
          idempotency_key: key,
          fingerprint,
          caller: identity?.actor ?? `anonymous:${digest(request.ip, fingerprint)}`,
        }),
  };
}

const digest = (...parts: unknown[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
