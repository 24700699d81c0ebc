import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { TenantProfile, tenantFields } from './homes-profiles.ts';

/** Changes what a person says as somebody who looks for a home; what is left out stays, and null empties it. */
export const changeTenantProfile = useCase({
  route: 'PUT /api/v1/users/me/tenant-profile',
  module: 'homes',
  summary: 'Change my tenant profile',
  access: permitted('homes.seek'),
  input: tenantFields,
  output: TenantProfile,
  async run(input, { db }) {
    return db.one(sql`select * from identity.save_tenant_profile(${input}::jsonb, false)`, TenantProfile);
  },
});

export const handler = http(changeTenantProfile);
