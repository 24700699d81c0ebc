import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Verification } from './verification.ts';

/** Shows a person which levels they have proven, their badges, and which documents their roles still need. */
export const showMyVerification = useCase({
  route: 'GET /api/v1/users/me/verification',
  summary: 'Show my verification',
  access: signedIn(),
  input: z.strictObject({}),
  output: Verification,
  async run(_input, { db }) {
    return db.one(sql`select * from verification.mine()`, Verification);
  },
});

export const handler = http(showMyVerification);
