import { CompareFacesCommand, RekognitionClient } from '@aws-sdk/client-rekognition';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Aws } from '../../local/aws/aws.ts';
import { callAs, startOwnAws } from './shared-aws.ts';

const Bucket = 'uploads';
const jpeg = (shows: string) => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from(shows)]);

let aws: Aws;
beforeAll(async () => {
  aws = await startOwnAws();
  await aws.declareBucket({ name: Bucket });
  const s3 = new S3Client({ ...callAs(aws), forcePathStyle: true });
  const files = {
    asha: jpeg('face:asha'),
    'asha/today': jpeg('face:asha, today'),
    maria: jpeg('face:maria'),
    nobody: jpeg('face:none'),
    plain: jpeg('a photo'),
    near: jpeg('similarity:88.4'),
    text: Buffer.from('face:asha'),
  };
  for (const [Key, Body] of Object.entries(files)) await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
});
afterAll(() => aws.close());

function compare(source: string, target: string, threshold = 0, caller?: string) {
  const picture = (Name: string) => ({ S3Object: { Bucket, Name } });
  return new RekognitionClient(callAs(aws, caller)).send(
    new CompareFacesCommand({
      SourceImage: picture(source),
      TargetImage: picture(target),
      SimilarityThreshold: threshold,
    }),
  );
}

test.each([
  ['asha', 'asha/today', 99.9],
  ['asha', 'maria', 12.5],
  ['plain', 'plain', 99.9],
  ['near', 'asha', 88.4],
])('%s and %s are similar by %d percent', async (source, target, similarity) => {
  const { FaceMatches, UnmatchedFaces } = await compare(source, target);
  expect(FaceMatches).toMatchObject([{ Similarity: similarity }]);
  expect(UnmatchedFaces).toEqual([]);
});

test('a face below the threshold is no match', async () => {
  const { FaceMatches, UnmatchedFaces } = await compare('near', 'asha', 90);
  expect(FaceMatches).toEqual([]);
  expect(UnmatchedFaces).toHaveLength(1);
});

test.each([
  ['nobody', 'InvalidParameterException'],
  ['text', 'InvalidImageFormatException'],
  ['missing', 'InvalidS3ObjectException'],
])('%s is refused with %s', async (source, name) => {
  await expect(compare(source, 'asha')).rejects.toMatchObject({ name });
});

test('whoever may compare must also be allowed to read the pictures', async () => {
  const compares = { Effect: 'Allow' as const, Action: 'rekognition:CompareFaces', Resource: '*' };
  const reads = { Effect: 'Allow' as const, Action: 's3:GetObject', Resource: 'arn:aws:s3:::uploads/asha*' };
  aws.declarePrincipal({ accessKeyId: 'reviewer', statements: [compares] });
  await expect(compare('asha', 'asha', 0, 'reviewer')).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
  aws.declarePrincipal({ accessKeyId: 'reviewer', statements: [compares, reads] });
  expect((await compare('asha', 'asha/today', 0, 'reviewer')).FaceMatches).toHaveLength(1);
  await expect(compare('asha', 'maria', 0, 'reviewer')).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
});
