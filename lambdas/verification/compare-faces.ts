import {
  CompareFacesCommand,
  ImageTooLargeException,
  InvalidImageFormatException,
  InvalidParameterException,
  ProvisionedThroughputExceededException,
  RekognitionClient,
  ThrottlingException,
} from '@aws-sdk/client-rekognition';
import { environment } from '../kernel/environment.ts';
import { unavailable } from './verification.ts';

/** What a comparison found. `similarity` in percent. */
type Comparison = { outcome: 'compared'; similarity: number } | { outcome: 'no_face' | 'image_unusable' };

let client: RekognitionClient | undefined;

/**
 * Compares the largest face of one picture with every face of another, by Amazon Rekognition, which keeps neither. Needs
 * 'face-comparison' and 'stored-files', with which Rekognition reads the bucket on the Lambda's behalf.
 *
 * @param selfie object key in the uploads bucket, JPEG or PNG, as is `document`
 * @throws Refusal provider_unavailable where the service is busy
 */
export async function compareFaces(selfie: string, document: string): Promise<Comparison> {
  client ??= new RekognitionClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 8_000 },
  });
  const Bucket = environment('UPLOADS_BUCKET');
  const command = new CompareFacesCommand({
    SourceImage: { S3Object: { Bucket, Name: selfie } },
    TargetImage: { S3Object: { Bucket, Name: document } },
    // The threshold is the marketplace's, and how near a mismatch came is kept: so every face is told.
    SimilarityThreshold: 0,
    QualityFilter: 'AUTO',
  });
  try {
    const { FaceMatches = [] } = await client.send(command);
    const similarity = Math.max(0, ...FaceMatches.map(match => match.Similarity ?? 0));
    return { outcome: 'compared', similarity: Math.round(similarity * 100) / 100 };
  } catch (error) {
    // Documented so: neither a face in the one picture nor in the other is a wrong parameter.
    if (error instanceof InvalidParameterException) return { outcome: 'no_face' };
    if (error instanceof InvalidImageFormatException || error instanceof ImageTooLargeException) {
      return { outcome: 'image_unusable' };
    }
    const busy =
      error instanceof ThrottlingException || error instanceof ProvisionedThroughputExceededException;
    throw busy ? unavailable(30, error) : error;
  }
}
