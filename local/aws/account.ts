/** The account and the region that every local ARN carries. */
export const accountId = '000000000000';
export const region = 'us-east-1';

/** The access key id of the local cloud itself: it may do everything. Pair it with any secret access key. */
export const localAdmin = 'local-admin';

/** `arn:aws:<service>:<region>:<account>:<resource>` */
export const arnOf = (service: string, resource: string): string =>
  `arn:aws:${service}:${region}:${accountId}:${resource}`;
