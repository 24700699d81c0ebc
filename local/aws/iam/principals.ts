import { arnOf, localAdmin } from '../account.ts';
import { AwsError } from '../answer.ts';
import type { Permission, Service } from '../service.ts';
import { authorize } from './authorize.ts';
import type { Statement } from './statement.ts';

export type Principal = {
  accessKeyId: string;
  /** Named in the error of a refused call; e.g. `arn:aws:sts::000000000000:assumed-role/api/place-booking`. */
  arn?: string;
  statements: readonly Statement[];
};

/** Who may call, and what each of them may do. */
export type Principals = {
  declare(principal: Principal): void;
  /** @throws AwsError as the service words it, unless all permissions are allowed to the caller */
  check(accessKeyId: string, permissions: readonly Permission[], service: Service): void;
};

/** Knows the local cloud itself from the start; every other principal is declared. */
export function makePrincipals(): Principals {
  const known = new Map<string, Principal>();
  const everything: Statement = { Effect: 'Allow', Action: '*', Resource: '*' };
  known.set(localAdmin, { accessKeyId: localAdmin, statements: [everything] });

  return {
    declare: principal => void known.set(principal.accessKeyId, principal),
    check(accessKeyId, permissions, service) {
      const principal = known.get(accessKeyId);
      if (!principal) {
        throw new AwsError(
          'UnrecognizedClientException',
          403,
          'The security token included in the request is invalid.',
        );
      }
      const user = principal.arn ?? arnOf('iam', `user/${accessKeyId}`);
      for (const permission of permissions) {
        const decision = authorize(principal.statements, permission);
        if (decision === 'allowed') continue;
        const why =
          decision === 'denied'
            ? 'with an explicit deny in an identity-based policy'
            : `because no identity-based policy allows the ${permission.action} action`;
        throw new AwsError(
          service.denied.name,
          service.denied.status,
          `User: ${user} is not authorized to perform: ${permission.action} on resource: ${permission.resources[0] ?? '*'} ${why}`,
        );
      }
    },
  };
}
