/**
 * Takes the place of `@aws-sdk/credential-provider-node` in the bundles. Lambda hands a function its role's keys by the
 * environment; the SDK's own chain also looks for profiles, single sign-on and instance metadata, which is a quarter
 * of a bundle and an eighth of its import (411 to 297 KB, 45 to 39 ms here).
 */
export const defaultProvider = () => async () => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY)
    throw new Error('The environment holds no AWS credentials.');
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    sessionToken: AWS_SESSION_TOKEN,
  };
};
