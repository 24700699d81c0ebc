import {
  CompareFacesCommand,
  ImageTooLargeException,
  InvalidImageFormatException,
  InvalidParameterException,
} from '@aws-sdk/client-rekognition';
import { environment } from '../kernel/environment.ts';
import { rekognition, unlessBusy } from './rekognition.ts';

/** What a comparison found. `similarity` in percent. */
export type Comparison =
  | { outcome: 'compared'; similarity: number }
  | { outcome: 'no_face' | 'image_unusable' };

/**
 * Compares the largest face of one picture with every face of another, by Amazon Rekognition, which keeps neither. Needs
 * 'face-comparison' and 'stored-files', with which Rekognition reads the bucket on the Lambda's behalf.
 *
 * @param selfie object key in the uploads bucket, JPEG or PNG, as is `document`; or the bytes of such a picture
 * @throws Refusal provider_unavailable where the service is busy
 */
export async function compareFaces(selfie: string | Uint8Array, document: string): Promise<Comparison> {
  const Bucket = environment('UPLOADS_BUCKET');
  const command = new CompareFacesCommand({
    SourceImage: typeof selfie === 'string' ? { S3Object: { Bucket, Name: selfie } } : { Bytes: selfie },
    TargetImage: { S3Object: { Bucket, Name: document } },
    // The threshold is the marketplace's, and how near a mismatch came is kept: so every face is told.
    SimilarityThreshold: 0,
    QualityFilter: 'AUTO',
  });
  try {
    const { FaceMatches = [] } = await rekognition().send(command);
    const similarity = Math.max(0, ...FaceMatches.map(match => match.Similarity ?? 0));
    return { outcome: 'compared', similarity: Math.round(similarity * 100) / 100 };
  } catch (error) {
    // Documented so: neither a face in the one picture nor in the other is a wrong parameter.
    if (error instanceof InvalidParameterException) return { outcome: 'no_face' };
    if (error instanceof InvalidImageFormatException || error instanceof ImageTooLargeException) {
      return { outcome: 'image_unusable' };
    }
    throw unlessBusy(error);
  }
}
