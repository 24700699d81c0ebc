import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { PublicSetting } from './settings.ts';

/** Lists the settings that apps read, signed in or not. Not a page: a marketplace has a few. */
export const listPublicSettings = useCase({
  route: 'GET /api/v1/settings',
  summary: 'List public settings',
  access: everyone(),
  input: z.strictObject({}),
  output: z.object({ items: z.array(PublicSetting) }),
  cache: { scope: 'public', max_age: 60 },
  stays_open: true,
  async run(_input, { db }) {
    // Row-level security leaves those of the marketplace that are public.
    const items = await db.many(
      sql`select key, type, value, description from app.settings order by key`,
      PublicSetting,
    );
    return { items };
  },
});

export const handler = http(listPublicSettings);
