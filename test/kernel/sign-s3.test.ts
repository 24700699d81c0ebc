import { expect, test } from 'vitest';
import { signForm, signText, signUrl } from '../../lambdas/kernel/sign-s3.ts';

/** The keys of the examples in the API reference of Amazon S3. */
const EXAMPLE = {
  keyId: 'AKIAIOSFODNN7EXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: undefined,
  region: 'us-east-1',
};

test('a URL is signed as in the reference of S3', () => {
  const url = signUrl(
    {
      method: 'GET',
      url: new URL('https://examplebucket.s3.amazonaws.com/test.txt'),
      now: new Date('2013-05-24T00:00:00Z'),
      seconds: 86_400,
    },
    EXAMPLE,
  );
  expect(new URL(url).searchParams.get('X-Amz-Signature')).toBe(
    'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  );
});

test('a form says in its policy each of its fields, when it expires, and what else must hold', () => {
  const fields = signForm(
    {
      fields: { key: 'incoming/a' },
      conditions: [['content-length-range', 3, 3]],
      now: new Date('2026-11-20T15:00:00Z'),
      seconds: 900,
    },
    { ...EXAMPLE, sessionToken: 'session' },
  );
  expect(JSON.parse(Buffer.from(fields.policy ?? '', 'base64').toString())).toEqual({
    expiration: '2026-11-20T15:15:00.000Z',
    conditions: [
      ['content-length-range', 3, 3],
      { key: 'incoming/a' },
      { 'x-amz-algorithm': 'AWS4-HMAC-SHA256' },
      { 'x-amz-credential': 'AKIAIOSFODNN7EXAMPLE/20261120/us-east-1/s3/aws4_request' },
      { 'x-amz-date': '20261120T150000Z' },
      { 'x-amz-security-token': 'session' },
    ],
  });
  expect(fields['x-amz-signature']).toBe(signText(fields.policy ?? '', '20261120T150000Z', EXAMPLE));
});
