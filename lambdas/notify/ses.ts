import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { environment } from '../kernel/environment.ts';
import type { Letter } from './notify.ts';

// Import this file when it is needed: making its client's many shapes is a fifth of the Lambda's start.
const client = new SESv2Client();

/** Hands an e-mail to SES. Returns its id there. */
export async function sendEmail(letter: Letter): Promise<string | undefined> {
  const command = new SendEmailCommand({
    FromEmailAddress: environment('EMAIL_FROM'),
    Destination: { ToAddresses: [...letter.destinations] },
    Content: {
      Simple: {
        Subject: { Data: letter.subject, Charset: 'UTF-8' },
        Body: { Text: { Data: letter.text, Charset: 'UTF-8' } },
      },
    },
  });
  const { MessageId } = await client.send(command);
  return MessageId;
}
