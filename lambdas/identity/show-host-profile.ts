import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { HostProfile } from './homes-profiles.ts';

/** Shows what a person says as somebody who has a home to let. */
export const showHostProfile = useCase({
  route: 'GET /api/v1/users/me/host-profile',
  module: 'homes',
  summary: 'Show my host profile',
  access: permitted('homes.list'),
  input: z.strictObject({}),
  output: HostProfile,
  async run(_input, { db, actor }) {
    return db.one(sql`select * from identity.host_profiles where user_id = ${actor}::uuid`, HostProfile);
  },
});

export const handler = http(showHostProfile);
