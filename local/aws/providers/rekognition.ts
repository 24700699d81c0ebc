import * as z from 'zod/mini';
import { localAdmin, region } from '../account.ts';
import { AwsError, json, jsonError } from '../answer.ts';
import type { Fauxqs } from '../queues/fauxqs.ts';
import { parseBody } from '../request.ts';
import type { Service } from '../service.ts';
import { makeFaceLiveness } from './face-liveness.ts';

const Picture = z.object({
  S3Object: z.optional(z.object({ Bucket: z.string(), Name: z.string() })),
  /** Base64. */
  Bytes: z.optional(z.string()),
});

const CompareFaces = z.object({
  SourceImage: Picture,
  TargetImage: Picture,
  SimilarityThreshold: z._default(z.number(), 80),
});

/** Bytes of a picture in S3 that Rekognition still reads. */
const LARGEST = 15 * 2 ** 20;

/**
 * Rekognition's CompareFaces over objects in S3 or bytes, and its Face Liveness. Nothing looks at faces here: a picture says by the
 * text `face:<name>` among its bytes whom it shows, `face:none` being nobody. The same name, or the same bytes, are 99.9 % similar, two
 * names 12.5 %; a text `similarity:<percent>` in the source says it outright.
 */
export function makeRekognition(fauxqs: Fauxqs): Service {
  const liveness = makeFaceLiveness();

  async function read({ S3Object, Bytes }: z.output<typeof Picture>): Promise<Buffer> {
    if (!S3Object) return looked(Buffer.from(Bytes ?? '', 'base64'));
    const { Bucket, Name } = S3Object;
    const authorization = `AWS4-HMAC-SHA256 Credential=${localAdmin}/20260101/${region}/s3/aws4_request`;
    const url = `/${Bucket}/${Name}`;
    const { status, body } = await fauxqs.pass({
      method: 'GET',
      url,
      headers: { authorization },
      body: Buffer.alloc(0),
    });
    if (status !== 200)
      throw refusal('InvalidS3ObjectException', 'Unable to get object metadata from S3. Check object key.');
    return looked(Buffer.from(body));
  }

  function looked(picture: Buffer): Buffer {
    const isPicture =
      picture.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])) ||
      picture.subarray(1, 4).toString() === 'PNG';
    if (!isPicture) throw refusal('InvalidImageFormatException', 'Request has invalid image format');
    if (picture.length > LARGEST)
      throw refusal('ImageTooLargeException', 'Image exceeds the limit of 15 MB.');
    return picture;
  }

  return {
    denied: { name: 'AccessDeniedException', status: 400 },
    errorAnswer: jsonError,
    permissionsOf(request) {
      if (request.operation in liveness)
        return [{ action: `rekognition:${request.operation}`, resources: ['*'] }];
      if (request.operation !== 'CompareFaces') {
        throw new AwsError('UnknownOperationException', 400, `${request.operation} is not there locally.`);
      }
      const { SourceImage, TargetImage } = parseBody(CompareFaces, request);
      const resources = [SourceImage, TargetImage].flatMap(({ S3Object }) =>
        S3Object ? [`arn:aws:s3:::${S3Object.Bucket}/${S3Object.Name}`] : [],
      );
      return [
        { action: 'rekognition:CompareFaces', resources: ['*'] },
        ...resources.map(resource => ({ action: 's3:GetObject', resources: [resource] })),
      ];
    },
    async answer(request) {
      const live = liveness[request.operation];
      if (live) return live(request);
      const { SourceImage, TargetImage, SimilarityThreshold } = parseBody(CompareFaces, request);
      const [source, target] = await Promise.all([read(SourceImage), read(TargetImage)]);
      const similarity = compare(source, target);
      const BoundingBox = { Width: 0.4, Height: 0.5, Left: 0.3, Top: 0.2 };
      const Face = { BoundingBox, Confidence: 99.9 };
      const isMatch = similarity >= SimilarityThreshold;
      return json({
        SourceImageFace: Face,
        FaceMatches: isMatch ? [{ Similarity: similarity, Face }] : [],
        UnmatchedFaces: isMatch ? [] : [Face],
      });
    },
  };
}

function compare(source: Buffer, target: Buffer): number {
  const [own, other] = [source, target].map(picture => /face:(\w+)/.exec(picture.toString('latin1'))?.[1]);
  if (own === 'none' || other === 'none')
    throw refusal('InvalidParameterException', 'Request has invalid parameters');
  const said = /similarity:(\d+(\.\d+)?)/.exec(source.toString('latin1'))?.[1];
  if (said !== undefined) return Number(said);
  return source.equals(target) || (own !== undefined && own === other) ? 99.9 : 12.5;
}

const refusal = (name: string, message: string) => new AwsError(name, 400, message);
