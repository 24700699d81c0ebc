import type { IncomingMessage, ServerResponse } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import type { AppClock } from '../app-clock.ts';
import type { Aws } from '../aws/aws.ts';
import type { Fakes } from '../fakes/fakes.ts';
import type { FunctionFaults } from '../functions/function-faults.ts';
import type { LambdaFunction } from '../functions/lambda-function.ts';
import type { AsOwner } from '../people/as-owner.ts';
import type { DemoPeople } from '../people/demo-people.ts';
import type { Schedules } from '../sources/run-schedules.ts';
import type { Resources } from '../template/resources.ts';
import { addFault } from './add-fault.ts';
import { appointAdmin } from './appoint-admin.ts';
import { listQueues } from './list-queues.ts';
import { pay } from './pay.ts';

/** What the tools look into and turn. */
export type ControlHost = {
  aws: Aws;
  clock: AppClock;
  faults: FunctionFaults;
  functions: readonly LambdaFunction[];
  schedules: Schedules;
  resources: Resources;
  people: Pick<DemoPeople, 'list'>;
  asOwner: AsOwner;
  fakes: Pick<Fakes, 'pay'>;
};

export type ToolRequest = { query: URLSearchParams; body: unknown; name: string };
export type ToolAnswer = { status?: number; body: unknown };

type Tool = {
  method: string;
  path: string;
  does: string;
  answer(host: ControlHost, request: ToolRequest): ToolAnswer | Promise<ToolAnswer>;
};

/** Where the tools live: a stage cannot have this name, so that no route of the application hides behind it. */
export const controlPath = '/_local/';

const tools: readonly Tool[] = [
  {
    method: 'GET',
    path: 'people',
    does: 'Demo people of every role: ?marketplace=, with their password and, for staff, the code of this moment',
    answer: ({ people, clock }, { query }) => ({
      body: {
        items: people
          .list(clock.now())
          .filter(({ marketplace }) => marketplace === (query.get('marketplace') ?? marketplace)),
      },
    }),
  },
  {
    method: 'POST',
    path: 'admins',
    does: 'Makes somebody a super admin: {"marketplace", "email", "full_name"}',
    answer: ({ asOwner }, { body }) => appointAdmin(asOwner, body),
  },
  {
    method: 'POST',
    path: 'pay',
    does: 'Does what a person does in the gateway’s form: {"payment_id", "outcome": succeed or decline}',
    answer: ({ asOwner, fakes }, { body }) => pay(asOwner, fakes, body),
  },
  {
    method: 'GET',
    path: 'messages',
    does: 'SMS, WhatsApp, e-mail and push messages that were sent, newest first: ?to=&channel=',
    answer: ({ aws }, { query }) => ({
      body: {
        items: aws.messages.list({
          // A plus sign in a query means a space, and phone numbers begin with one.
          to: query.get('to')?.replace(/^ /, '+'),
          channel: query.get('channel') ?? undefined,
        }),
      },
    }),
  },
  {
    method: 'GET',
    path: 'schedules',
    does: 'Every schedule with its next and its last run',
    answer: ({ schedules }) => ({ body: { items: schedules.list() } }),
  },
  {
    method: 'POST',
    path: 'schedules/{name}/run',
    does: 'Runs a schedule now and waits for its end',
    answer: runSchedule,
  },
  {
    method: 'GET',
    path: 'queues',
    does: 'Every queue with its messages ready, in flight and given up. Queues live as long as this process',
    answer: async ({ aws, resources }) => ({ body: { items: await listQueues(aws, resources) } }),
  },
  {
    method: 'GET',
    path: 'clock',
    does: 'The moment that the application believes it is',
    answer: ({ clock }) => ({ body: { now: clock.now().toISOString() } }),
  },
  {
    method: 'POST',
    path: 'clock',
    does: 'Moves the clock forward: {"advance_seconds": 3600}. Schedules that become due run once',
    answer: advanceClock,
  },
  {
    method: 'GET',
    path: 'faults',
    does: 'Faults that wait to happen',
    answer: ({ aws, faults }) => ({ body: { items: [...faults.list(), ...aws.faults.list()] } }),
  },
  {
    method: 'POST',
    path: 'faults',
    does: 'Breaks something: {"function" or "action", "kind": kill_before, kill_after, delay or fail, "times": 1}',
    answer: ({ aws, faults, functions }, { body }) => addFault({ aws, faults, functions }, body),
  },
  {
    method: 'DELETE',
    path: 'faults',
    does: 'Clears all faults',
    answer({ aws, faults }) {
      faults.clear();
      aws.faults.clear();
      return { status: 204, body: undefined };
    },
  },
  {
    method: 'GET',
    path: 'trips',
    does: 'Database trips of each function since the start',
    answer: ({ functions }) => ({
      body: {
        items: functions
          .map(target => ({ function: target.definition.name, ...target.statistics() }))
          .filter(({ invocations }) => invocations > 0)
          .map(({ function: name, invocations, trips, max_trips }) => ({
            function: name,
            invocations,
            trips,
            max_trips,
          })),
      },
    }),
  },
  {
    method: 'GET',
    path: 'functions',
    does: 'Every function with its limits and what it has done',
    answer: ({ functions }) => ({
      body: {
        items: functions.map(target => ({
          name: target.definition.name,
          memory: target.definition.memory,
          timeout: target.definition.timeout,
          ...target.statistics(),
        })),
      },
    }),
  },
];

async function runSchedule({ schedules }: ControlHost, { name }: ToolRequest): Promise<ToolAnswer> {
  const outcome = await schedules.run(name);
  if (!outcome) return { status: 404, body: { message: `There is no schedule named ${name}.` } };
  return outcome.ok
    ? { body: { status: 'succeeded', result: JSON.parse(outcome.payload) } }
    : { body: { status: 'failed', error: outcome.error } };
}

/** Seconds. Farther ahead lie dates that neither JavaScript nor PostgreSQL can write. */
const TEN_YEARS = 315_360_000;

function advanceClock({ clock }: ControlHost, { body }: ToolRequest): ToolAnswer {
  const seconds = (body as { advance_seconds?: unknown } | null)?.advance_seconds;
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= TEN_YEARS))
    return { status: 400, body: { message: 'Send {"advance_seconds": n}: 0 to ten years.' } };
  clock.advance(seconds);
  return { body: { now: clock.now().toISOString() } };
}

/** Answers a request below `/_local/`. These tools are part of this machine only and are in no template. */
export async function answerControl(
  host: ControlHost,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status = 200, body } = await answer(host, request).catch((thrown: Error) => ({
    status: 500,
    body: { message: thrown.message },
  }));
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : `${JSON.stringify(body, undefined, 2)}\n`);
}

async function answer(host: ControlHost, request: IncomingMessage): Promise<ToolAnswer> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const path = url.pathname.slice(controlPath.length).replace(/\/$/, '');
  if (path === '' && request.method === 'GET')
    return {
      body: {
        tools: tools.map(tool => ({ method: tool.method, path: controlPath + tool.path, does: tool.does })),
      },
    };
  const [, name] = /^schedules\/([^/]+)\/run$/.exec(path) ?? [];
  const wanted = name ? 'schedules/{name}/run' : path;
  const tool = tools.find(it => it.method === request.method && it.path === wanted);
  if (!tool) return { status: 404, body: { message: `There is no such tool. ${controlPath} lists them.` } };
  const text = await readText(request);
  let body: unknown = null;
  try {
    if (text) body = JSON.parse(text);
  } catch {
    return { status: 400, body: { message: 'The body is not valid JSON.' } };
  }
  return tool.answer(host, { query: url.searchParams, body, name: decodeURIComponent(name ?? '') });
}
