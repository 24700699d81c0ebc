import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal } from '../kernel/refusal.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { readRegion, TeslaError } from './tesla.ts';
import { teslaGrantOf, teslaRefusals } from './tesla-tokens.ts';

/** Asks Tesla with the person's token, which is refreshed before where it has expired. */
export const checkTesla = useCase({
  route: 'POST /api/v1/users/me/tesla/check',
  module: 'tesla',
  summary: 'Check that my Tesla link works',
  access: signedIn(),
  input: z.strictObject({}),
  output: z.object({ region: z.enum(['na', 'eu', 'cn']).check(z.meta({ examples: ['na'] })) }),
  refusals: teslaRefusals,
  // Its answer is a moment's: a repeated key must not be told of a link that has ended since.
  credentials: true,
  needs: ['tesla', 'sealing'],
  async run(_input, { db, now }) {
    const { token } = await teslaGrantOf(db, now);
    try {
      return { region: await readRegion(token) };
    } catch (error) {
      if (!(error instanceof TeslaError)) throw error;
      const refused = error.permanent ? teslaRefusals.tesla_link_broken : teslaRefusals.tesla_unavailable;
      throw new Refusal(refused, { cause: error });
    }
  },
});

export const handler = http(checkTesla);
