import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

/** Forgets a device, here and at SNS: an app does so when its person signs out. */
export const removeDevice = useCase({
  route: 'DELETE /api/v1/users/me/devices/{device_id}',
  summary: 'Remove a device',
  access: signedIn(),
  input: z.strictObject({ device_id: id('device') }),
  output: z.void(),
  status: 204,
  needs: ['push-registration'],
  async run(input, { db }) {
    const { endpoint_arn } = await db.one(
      sql`select endpoint_arn from notify.devices where id = ${input.device_id}::uuid`,
      z.object({ endpoint_arn: z.string() }),
    );
    // First there: a try that fails between the two can be made again, since SNS deletes what is gone without a word.
    const { deleteEndpoint } = await import('./endpoints.ts');
    await deleteEndpoint(endpoint_arn);
    await db.execute(sql`select id from notify.remove_device(${input.device_id}::uuid)`);
  },
});

export const handler = http(removeDevice);
