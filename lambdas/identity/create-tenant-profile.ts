import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { profileExists, TenantProfile, tenantFields } from './homes-profiles.ts';

/** Makes a person's profile as somebody who looks for a home. There is one of each. */
export const createTenantProfile = useCase({
  route: 'POST /api/v1/users/me/tenant-profile',
  module: 'homes',
  summary: 'Create my tenant profile',
  access: permitted('homes.seek'),
  status: 201,
  input: tenantFields,
  output: TenantProfile,
  refusals: { tenant_profiles_pkey: profileExists },
  async run(input, { db }) {
    return db.one(sql`select * from identity.save_tenant_profile(${input}::jsonb, true)`, TenantProfile);
  },
});

export const handler = http(createTenantProfile);
