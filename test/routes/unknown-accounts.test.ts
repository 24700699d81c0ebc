import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { HttpContract } from '../../lambdas/kernel/use-case.ts';
import { ofKind } from '../../lib/catalogue.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { exampleRequest } from '../support/examples.ts';
import { entries } from '../support/invoke.ts';
import { randomAddress, signUp } from '../support/people.ts';
import type { Answer } from '../support/send-request.ts';

/** Making an account tells that an address is taken: its owner could not be told otherwise why none was made. */
const TELLS = ['/api/v1/auth/signup'];

/** Every route that anybody may call with an address, by each proof it takes: a new one is covered without being remembered. */
const routes = ofKind(await entries(), 'http')
  .filter(({ contract }) => contract.access.kind === 'everyone' && 'email' in contract.input.shape)
  .filter(({ contract }) => contract.method === 'POST' && !TELLS.includes(contract.path))
  .flatMap(({ contract }) => {
    const { password, code } = contract.input.shape;
    const isChoice = password?._zod.def.type === 'optional' && code?._zod.def.type === 'optional';
    return (isChoice ? ['code', 'password'] : [undefined]).map(without => ({
      route: `${contract.method} ${contract.path}${without ? ` without ${without}` : ''}`,
      contract,
      without,
    }));
  });

/** The answer without what differs from one request to the next. */
function facts({ status, headers, body }: Answer) {
  const { 'x-request-id': _, ...others } = headers;
  const { request_id: __, ...rest } = body ?? {};
  return { status, headers: others, body: rest };
}

function send(contract: HttpContract, email: string, ip: string, without = ''): Promise<Answer> {
  const guess = { password: 'a guess that is wrong', [without]: undefined };
  const change = { email, phone: undefined, channel: undefined, ...guess };
  const { path, body = {} } = exampleRequest(contract, change);
  const known = Object.fromEntries(Object.entries(body).filter(([name]) => name in contract.input.shape));
  return new Client('driveway').post(path, known, { ip });
}

test('there are routes to compare', () => {
  expect(routes.length).toBeGreaterThanOrEqual(3);
});

test.each(routes)(
  '$route answers alike for an account and for none, beyond its limits too',
  async ({ contract, without }) => {
    const { email } = await signUp('driveway', { roles: ['driver'] });
    const nobody = `${randomUUID()}@people.example`;
    // Seconds to wait are told: both are asked at one moment.
    advanceClock(0);
    for (let attempt = 1; attempt <= 12; attempt += 1) {
      const ip = randomAddress();
      const known = await send(contract, email, ip, without);
      const unknown = await send(contract, nobody, ip, without);
      expect(facts(unknown), `attempt ${attempt}`).toEqual(facts(known));
      // A request that is refused for its shape would compare nothing.
      expect(['invalid_input', 'internal'], known.text).not.toContain(known.body?.code);
    }
  },
);

test('a code that was asked for is refused alike where there is no account', async () => {
  const { email } = await signUp('driveway', { roles: ['driver'] });
  const nobody = `${randomUUID()}@people.example`;
  advanceClock(0);
  const client = new Client('driveway');
  for (const address of [email, nobody]) {
    const asked = await client.post('/api/v1/auth/request-otp', { email: address }, { ip: randomAddress() });
    expect(asked.status).toBe(202);
  }
  for (let attempt = 1; attempt <= 6; attempt += 1) {
    const guess = (address: string) =>
      client.post('/api/v1/auth/verify-otp', { email: address, code: '000000' }, { ip: randomAddress() });
    expect(facts(await guess(nobody)), `attempt ${attempt}`).toEqual(facts(await guess(email)));
  }
});
