import {
  CreatePlatformEndpointCommand,
  DeleteEndpointCommand,
  InvalidParameterException,
  SetEndpointAttributesCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import { environment } from '../kernel/environment.ts';

// Import this file when it is needed: see ses.ts.
const client = new SNSClient();

/** SNS reaches iPhones through APNs, Android and browsers through Firebase. */
const APPLICATIONS = {
  ios: 'PUSH_APNS_APPLICATION_ARN',
  android: 'PUSH_FCM_APPLICATION_ARN',
  web: 'PUSH_FCM_APPLICATION_ARN',
} as const;

/**
 * The endpoint of a device's token, or null when it is no token of that platform. A token has one endpoint, whoever asks again;
 * it is turned on, since SNS turns off one whose app was gone for a while. Needs 'push-registration'.
 */
export async function makeEndpoint(
  platform: keyof typeof APPLICATIONS,
  token: string,
): Promise<string | null> {
  try {
    const { EndpointArn } = await client.send(
      new CreatePlatformEndpointCommand({
        PlatformApplicationArn: environment(APPLICATIONS[platform]),
        Token: token,
      }),
    );
    const Attributes = { Enabled: 'true', Token: token };
    await client.send(new SetEndpointAttributesCommand({ EndpointArn, Attributes }));
    return EndpointArn ?? null;
  } catch (error) {
    if (error instanceof InvalidParameterException) return null;
    throw error;
  }
}

/** Deletes an endpoint. Nothing happens where there is none. Needs 'push-registration'. */
export async function deleteEndpoint(endpointArn: string): Promise<void> {
  await client.send(new DeleteEndpointCommand({ EndpointArn: endpointArn }));
}
