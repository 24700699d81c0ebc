import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { businessNameRequired, HostProfile, newHostFields, profileExists } from './homes-profiles.ts';

/** Makes a person's profile as somebody who has a home to let. There is one of each. */
export const createHostProfile = useCase({
  route: 'POST /api/v1/users/me/host-profile',
  module: 'homes',
  summary: 'Create my host profile',
  access: permitted('homes.list'),
  status: 201,
  input: newHostFields,
  output: HostProfile,
  refusals: { host_profiles_pkey: profileExists, ...businessNameRequired },
  async run(input, { db }) {
    return db.one(sql`select * from identity.save_host_profile(${input}::jsonb, true)`, HostProfile);
  },
});

export const handler = http(createHostProfile);
