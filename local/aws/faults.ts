import { AwsError } from './answer.ts';
import { matchName } from './iam/match-name.ts';

/** What shall go wrong at the endpoint, for the next `times` calls of an action. */
export type Fault = {
  /** As in a policy: `rds-data:ExecuteStatement`, `ses:SendEmail`; `kms:*` and `*` match more. */
  action: string;
  /** 'fail' answers the error before anything is done, 'lose' after it was done; 'delay' waits and then goes on. */
  kind: 'fail' | 'lose' | 'delay';
  /** The error's name, e.g. 'DatabaseResumingException'. Absent: the service's internal error. */
  error?: string;
  times: number;
  /** Calls that go through before it happens. Absent: none. */
  skip?: number;
  /** Seconds of a delay. Absent: 1. */
  seconds?: number;
  /** Only calls of this access key id. Absent: everybody's. */
  accessKeyId?: string;
};

/** The faults that wait to happen, oldest first. */
export type Faults = {
  add(fault: Fault): void;
  /** The faults that still wait, with the times that are left. */
  list(): Fault[];
  clear(): void;
  /** Takes the next fault for this call off the list, if there is one. */
  take(action: string, accessKeyId: string): Fault | undefined;
};

/** An empty list of faults. */
export function makeFaults(): Faults {
  let waiting: Fault[] = [];
  return {
    add: fault => void waiting.push({ ...fault }),
    list: () => waiting.map(fault => ({ ...fault })),
    clear: () => {
      waiting = [];
    },
    take(action, accessKeyId) {
      const fault = waiting.find(
        f => matchName(f.action, action, true) && (f.accessKeyId ?? accessKeyId) === accessKeyId,
      );
      if (!fault) return undefined;
      if (fault.skip) {
        fault.skip -= 1;
        return undefined;
      }
      fault.times -= 1;
      if (fault.times <= 0) waiting = waiting.filter(f => f !== fault);
      return fault;
    },
  };
}

// What is not here is a client's error: 400.
const statuses: Record<string, number> = {
  AccessDeniedException: 403,
  ForbiddenException: 403,
  NotFoundException: 404,
  TransactionNotFoundException: 404,
  DatabaseNotFoundException: 404,
  InternalServerErrorException: 500,
  InternalFailure: 500,
  KMSInternalException: 500,
  ServiceUnavailableError: 503,
  ServiceUnavailable: 503,
  DatabaseUnavailableException: 504,
  TooManyRequestsException: 429,
};

/** The error that a fault answers with. */
export function faultError(fault: Fault): AwsError {
  const name = fault.error ?? 'InternalFailure';
  return new AwsError(name, statuses[name] ?? 400, `${name} was asked for by a fault.`);
}
