import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { TenantProfile } from './homes-profiles.ts';

/** Shows what a person says as somebody who looks for a home. */
export const showTenantProfile = useCase({
  route: 'GET /api/v1/users/me/tenant-profile',
  module: 'homes',
  summary: 'Show my tenant profile',
  access: permitted('homes.seek'),
  input: z.strictObject({}),
  output: TenantProfile,
  async run(_input, { db, actor }) {
    return db.one(sql`select * from identity.tenant_profiles where user_id = ${actor}::uuid`, TenantProfile);
  },
});

export const handler = http(showTenantProfile);
