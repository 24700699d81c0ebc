import * as z from 'zod/mini';
import { text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Device, platform } from './devices.ts';

const refusals = {
  invalid_device_token: refuse(
    'invalid_device_token',
    422,
    'This is no token of a device on this platform.',
    'token',
  ),
};

/** Registers the device that an app runs on for push messages. An app does so at each start: the same token stays one device. */
export const registerDevice = useCase({
  route: 'POST /api/v1/users/me/devices',
  summary: 'Register a device for push messages',
  access: signedIn(),
  status: 201,
  input: z.strictObject({
    platform,
    token: text(8, 2048, '740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad'),
  }),
  output: Device,
  refusals,
  needs: ['push-registration'],
  async run(input, { db }) {
    const { makeEndpoint } = await import('./endpoints.ts');
    const endpoint = await makeEndpoint(input.platform, input.token);
    if (endpoint === null) throw new Refusal(refusals.invalid_device_token);
    return db.one(
      sql`select id, platform_ as platform, created_at
          from notify.register_device(${input.platform}::text, ${endpoint}::text)`,
      Device,
    );
  },
});

export const handler = http(registerDevice);
