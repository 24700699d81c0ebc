import {
  ProvisionedThroughputExceededException,
  RekognitionClient,
  ThrottlingException,
} from '@aws-sdk/client-rekognition';
import { unavailable } from './verification.ts';

let client: RekognitionClient | undefined;

/** The client of Amazon Rekognition, made at its first use. */
export function rekognition(): RekognitionClient {
  client ??= new RekognitionClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 8_000 },
  });
  return client;
}

/** What to throw for an error of Rekognition: provider_unavailable where the service is busy, else the error. */
export function unlessBusy(error: unknown): unknown {
  const busy =
    error instanceof ThrottlingException || error instanceof ProvisionedThroughputExceededException;
  return busy ? unavailable(30, error) : error;
}
