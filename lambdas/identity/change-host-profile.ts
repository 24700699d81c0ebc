import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { businessNameRequired, HostProfile, hostFields } from './homes-profiles.ts';

/** Changes what a person says as somebody who has a home to let; what is left out stays, and null empties it. */
export const changeHostProfile = useCase({
  route: 'PUT /api/v1/users/me/host-profile',
  module: 'homes',
  summary: 'Change my host profile',
  access: permitted('homes.list'),
  input: hostFields,
  output: HostProfile,
  refusals: businessNameRequired,
  async run(input, { db }) {
    return db.one(sql`select * from identity.save_host_profile(${input}::jsonb, false)`, HostProfile);
  },
});

export const handler = http(changeHostProfile);
