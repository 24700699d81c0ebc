import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { Space } from './parking.ts';

/** Shows one listed space to anybody. */
export const getSpace = useCase({
  route: 'GET /api/v1/parking/spaces/{space_id}',
  module: 'parking',
  summary: 'Get a parking space',
  access: everyone(),
  cache: { scope: 'public', max_age: 60 },
  input: z.strictObject({ space_id: id('space') }),
  output: Space,
  async run({ space_id }, { db }) {
    return db.one(sql`select s.* from parking.public_spaces s where s.id = ${space_id}::uuid`, Space);
  },
});

export const handler = http(getSpace);
