import * as z from 'zod/mini';
import { page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Device } from './devices.ts';

/** Lists the devices to which a person's push messages go. There are twenty at most, so all are on one page. */
export const listDevices = useCase({
  route: 'GET /api/v1/users/me/devices',
  summary: 'List my devices',
  access: signedIn(),
  input: z.strictObject({}),
  output: page(Device),
  async run(_input, { db }) {
    const items = await db.many(
      sql`select id, platform, created_at from notify.devices where disabled_at is null order by id desc`,
      Device,
    );
    return { items, next_cursor: null };
  },
});

export const handler = http(listDevices);
