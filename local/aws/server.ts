import { createServer, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, AwsError, jsonError } from './answer.ts';
import { type Faults, faultError } from './faults.ts';
import type { Principals } from './iam/principals.ts';
import { type AwsRequest, readRequest } from './request.ts';
import type { Service } from './service.ts';

export type CallOfInterest = { action: string; accessKeyId: string };

export type EndpointParts = {
  /** By the name in the signature's scope. */
  services: ReadonlyMap<string, Service>;
  principals: Principals;
  faults: Faults;
  trips: Map<string, number>;
  /** Told of each call that succeeded; the answer waits for them. */
  listeners: readonly ((call: CallOfInterest) => void | Promise<void>)[];
};

/** The HTTP server on loopback that gives each call to its service, once it is allowed and no fault takes it. */
export async function startServer(parts: EndpointParts, port: number): Promise<Server> {
  const server = createServer((message, response) => {
    readRequest(message)
      .then(request => answerRequest(parts, request))
      .then(
        answer => send(response, answer),
        () => response.destroy(),
      );
  });
  // Clients keep connections: closing an idle one while a call is on its way would look like a lost network.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  }).catch((error: unknown) => {
    throw new Error(`Port ${port} cannot be used for the local AWS endpoint: ${String(error)}.`, {
      cause: error,
    });
  });
  return server;
}

async function answerRequest(parts: EndpointParts, request: AwsRequest): Promise<Answer> {
  const service = parts.services.get(request.service);
  if (!service) {
    return jsonError(new AwsError('UnknownServiceException', 404, `There is no local ${request.service}.`));
  }
  try {
    return await admit(parts, service, request);
  } catch (error) {
    if (error instanceof AwsError) return service.errorAnswer(error);
    // A fault of the emulator itself: the client sees an internal error, the developer the reason.
    console.error(error);
    return service.errorAnswer(new AwsError('InternalFailure', 500, String(error)));
  }
}

async function admit(parts: EndpointParts, service: Service, request: AwsRequest): Promise<Answer> {
  const { accessKeyId } = request;
  const permissions = service.permissionsOf(request);
  parts.principals.check(accessKeyId, permissions, service);
  const action = permissions[0]?.action ?? '';
  if (action === 'rds-data:ExecuteStatement') {
    parts.trips.set(accessKeyId, (parts.trips.get(accessKeyId) ?? 0) + 1);
  }
  const fault = parts.faults.take(action, accessKeyId);
  if (fault?.kind === 'fail') throw faultError(fault);
  if (fault?.kind === 'delay') await sleep((fault.seconds ?? 1) * 1000);
  const answer = await service.answer(request);
  if (fault?.kind === 'lose') throw faultError(fault);
  if (answer.status < 400) for (const listener of parts.listeners) await listener({ action, accessKeyId });
  return answer;
}

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { 'x-amzn-requestid': crypto.randomUUID(), ...answer.headers });
  response.end(answer.body);
}
