import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { Setting } from './settings.ts';

/** Lists all settings of the marketplace with what each may be set to. Not a page: there are a few dozen. */
export const listSettings = useCase({
  route: 'GET /api/v1/admin/settings',
  summary: 'List settings',
  access: permitted('settings.manage'),
  input: z.strictObject({}),
  output: z.object({ items: z.array(Setting) }),
  async run(_input, { db }) {
    const items = await db.many(
      sql`select key, type, value, description, is_public, allows, updated_at from admin.list_settings()`,
      Setting,
    );
    return { items };
  },
});

export const handler = http(listSettings);
