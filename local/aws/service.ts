import type { Answer, AwsError } from './answer.ts';
import type { AwsRequest } from './request.ts';

/** One permission that a request needs. */
export type Permission = {
  /** As in a policy: `kms:Sign`. */
  action: string;
  /** The names of the resource, any of which a statement may allow. */
  resources: readonly string[];
  /** Values of the condition keys that the request is known by. */
  context?: Readonly<Record<string, string>>;
};

/** A service behind the endpoint. */
export type Service = {
  /** What the request must be allowed to do. The first permission's action names the call. */
  permissionsOf(request: AwsRequest): readonly Permission[];
  answer(request: AwsRequest): Promise<Answer>;
  /** Writes an error as this service's clients parse it. */
  errorAnswer(error: AwsError): Answer;
  /** How the service names a refused call. */
  denied: { name: string; status: number };
};
