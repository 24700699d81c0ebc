/** What the main thread and a function's worker tell each other. Events and answers travel as JSON, as in AWS. */

export type WorkerData = {
  /** The folder that the template's asset was written to, absolute. */
  folder: string;
  /** `index.handler`: the file without its extension, and the exported name. */
  handler: string;
  clockOffset: SharedArrayBuffer;
  context: FixedContext;
};

/** The part of a Lambda's context that is the same in every invocation. */
export type FixedContext = {
  functionName: string;
  functionVersion: string;
  invokedFunctionArn: string;
  memoryLimitInMB: string;
  logGroupName: string;
  logStreamName: string;
};

export type Invoke = {
  requestId: string;
  event: string;
  /** Milliseconds that the invocation may take. */
  timeout: number;
  /** Milliseconds of an injected delay before the handler runs. */
  delay: number;
};

export type InvocationError = { errorType: string; errorMessage: string; trace?: string[] };

export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'answer'; payload: string }
  | { kind: 'error'; error: InvocationError };
