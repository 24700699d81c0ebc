import * as z from 'zod/mini';
import { text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';

/** Says that the marketplace is up: the request has reached the database and come back. */
export const reportHealth = useCase({
  route: 'GET /api/v1/health',
  summary: 'Report health',
  access: everyone(),
  stays_open: true,
  input: z.strictObject({}),
  output: z.object({
    status: z.literal('ok'),
    marketplace: text(1, 40, 'driveway'),
    name: text(1, 80, 'Driveway-Hub'),
    currency: text(3, 3, 'USD'),
    time_zone: text(1, 60, 'America/Los_Angeles'),
  }),
  async run(_input, { db }) {
    const row = await db.one(
      sql`select slug as marketplace, name, currency, time_zone from app.marketplaces`,
      z.object({ marketplace: z.string(), name: z.string(), currency: z.string(), time_zone: z.string() }),
    );
    return { status: 'ok' as const, ...row };
  },
});

export const handler = http(reportHealth);
