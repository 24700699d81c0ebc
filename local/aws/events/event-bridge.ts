import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { accountId, arnOf, region } from '../account.ts';
import { AwsError, json, jsonError } from '../answer.ts';
import { parseBody } from '../request.ts';
import type { Service } from '../service.ts';
import { type EventPattern, matchPattern } from './match-pattern.ts';

/** The event as EventBridge hands it to a target; an SQS message's body is its JSON. */
export type BusEvent = {
  version: '0';
  id: string;
  'detail-type': string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: unknown;
};

/** A queue's ARN, or any other ARN with a function that receives the event (a Lambda of the local cloud). */
export type RuleTarget =
  | { queueArn: string; deliver?: undefined }
  | { arn: string; deliver: (event: BusEvent) => Promise<void> };

export type RuleDeclaration = {
  name: string;
  /** The bus's name; 'default' is there from the start. */
  bus: string;
  pattern: EventPattern;
  targets: readonly RuleTarget[];
};

export type EventBridge = Service & {
  declareBus(name: string): { arn: string };
  /** Replaces a rule of the same name on the same bus. */
  declareRule(rule: RuleDeclaration): void;
};

const Entry = z.object({
  Source: z.optional(z.string()),
  DetailType: z.optional(z.string()),
  Detail: z.optional(z.string()),
  EventBusName: z._default(z.string(), 'default'),
  Resources: z._default(z.array(z.string()), []),
  Time: z.optional(z.number()),
});
type Entry = z.output<typeof Entry>;
const PutEvents = z.object({ Entries: z.array(Entry) });

/** Of all entries of a call together. */
const requestBytes = 1024 * 1024;
const entriesAtMost = 10;

/**
 * EventBridge: events are put on a bus, matched by its rules, and handed to their targets.
 *
 * @param sendToQueue puts a body into the queue of an ARN
 */
export function makeEventBridge(sendToQueue: (queueArn: string, body: string) => Promise<void>): EventBridge {
  const buses = new Map<string, Map<string, RuleDeclaration>>([['default', new Map()]]);

  async function put(
    entry: Entry,
  ): Promise<{ EventId: string } | { ErrorCode: string; ErrorMessage: string }> {
    const refusal = refuse(entry);
    if (refusal) return refusal;
    const event = toEvent(entry);
    const rules = [...(buses.get(busName(entry.EventBusName))?.values() ?? [])];
    for (const rule of rules.filter(({ pattern }) => matchPattern(pattern, event))) {
      for (const target of rule.targets) await hand(event, target);
    }
    return { EventId: event.id };
  }

  const hand = (event: BusEvent, target: RuleTarget): Promise<void> =>
    target.deliver ? target.deliver(event) : sendToQueue(target.queueArn, JSON.stringify(event));

  return {
    denied: { name: 'AccessDeniedException', status: 400 },
    errorAnswer: jsonError,
    permissionsOf(request) {
      if (request.operation !== 'PutEvents')
        return [{ action: `events:${request.operation}`, resources: ['*'] }];
      const names = parseBody(PutEvents, request).Entries.map(entry => busName(entry.EventBusName));
      return [...new Set(names)].map(name => ({
        action: 'events:PutEvents',
        resources: [arnOf('events', `event-bus/${name}`)],
      }));
    },
    async answer(request) {
      if (request.operation !== 'PutEvents') {
        const message = `EventBridge's ${request.operation} is not there locally.`;
        throw new AwsError('OperationDisabledException', 400, message);
      }
      const { Entries } = parseBody(PutEvents, request);
      refuseSize(Entries, request.body.length);
      for (const { EventBusName } of Entries) {
        if (!buses.has(busName(EventBusName))) {
          throw new AwsError('ResourceNotFoundException', 400, `Event bus ${EventBusName} does not exist.`);
        }
      }
      const results = await Promise.all(Entries.map(put));
      return json({ FailedEntryCount: results.filter(r => 'ErrorCode' in r).length, Entries: results });
    },
    declareBus(name) {
      if (!buses.has(name)) buses.set(name, new Map());
      return { arn: arnOf('events', `event-bus/${name}`) };
    },
    declareRule(rule) {
      const rules = buses.get(busName(rule.bus));
      if (!rules) throw new Error(`The rule ${rule.name} is on the bus ${rule.bus}, which is not declared.`);
      // An operator that is not known shall be found now and not by the first event.
      matchPattern(rule.pattern, {});
      rules.set(rule.name, rule);
    },
  };
}

/** A bus is named by its name or by its ARN. */
const busName = (nameOrArn: string): string => nameOrArn.replace(/^arn:.*:event-bus\//, '');

function refuseSize(entries: readonly Entry[], bytes: number): void {
  if (entries.length < 1 || entries.length > entriesAtMost) {
    const message = `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length less than or equal to ${entriesAtMost}`;
    throw new AwsError('ValidationException', 400, message);
  }
  if (bytes > requestBytes) {
    throw new AwsError(
      'ValidationException',
      400,
      'Total size of the entries in the request is over the limit.',
    );
  }
}

/** What EventBridge refuses of one entry while it takes the others. */
function refuse(entry: Entry): { ErrorCode: string; ErrorMessage: string } | undefined {
  for (const field of ['Source', 'DetailType', 'Detail'] as const) {
    if (entry[field]) continue;
    const ErrorMessage = `Parameter ${field} is not valid. Reason: ${field} is a required argument.`;
    return { ErrorCode: 'InvalidArgument', ErrorMessage };
  }
  const detail = parseObject(entry.Detail ?? '');
  return detail ? undefined : { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function toEvent(entry: Entry): BusEvent {
  const time = entry.Time === undefined ? new Date() : new Date(entry.Time * 1000);
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': entry.DetailType ?? '',
    source: entry.Source ?? '',
    account: accountId,
    // EventBridge writes whole seconds.
    time: time.toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources: entry.Resources,
    detail: parseObject(entry.Detail ?? ''),
  };
}
