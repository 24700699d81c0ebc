import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import type { Person } from '../support/people.ts';

const tesla = (path: string, init?: RequestInit) => fetch(`${process.env.TESLA_AUTH_URL}${path}`, init);

/** What a command carries: the ones that share a text have it in `value`. */
type Body = { value?: Readonly<Record<string, string>>; [name: string]: unknown };

/** A vehicle as the stand-in knows it. */
type Vehicle = { state: string; commands: { command: string; body: Body }[] };

/** Moves a vehicle at Tesla, or changes what else is true of it. Returns it with the commands that reached it. */
export async function move(vin: string, changes: Record<string, unknown>): Promise<Vehicle> {
  const answer = await tesla(`/_vehicles/${vin}`, { method: 'PUT', body: JSON.stringify(changes) });
  return (await answer.json()) as Vehicle;
}

/** The next answer of Tesla on this path. */
export const orderFault = (path: string, status: number, body: unknown = {}, retry_after?: string) =>
  tesla('/_faults', { method: 'POST', body: JSON.stringify({ path, status, body, retry_after }) });

/** Gives the hour's calls back, and looks no more after the vehicles of earlier tests: their clocks were not this one's. */
export async function forgetCalls(): Promise<void> {
  await asOwner(sql`delete from parking.tesla_calls returning slot`);
  await asOwner(
    sql`update parking.tesla_trips set read_at = null where read_at is not null returning booking_id`,
  );
}

/** Tesla's sign-in without us between: a token of whoever is named. */
export const standIn = {
  async signIn(subject: string, scope = 'openid vehicle_device_data vehicle_location vehicle_cmds') {
    const verifier = randomBytes(32).toString('base64url');
    const redirect_uri = 'https://driveway.example/tesla/callback';
    const client_id = 'local-tesla-client';
    const query = new URLSearchParams({
      response_type: 'code',
      client_id,
      redirect_uri,
      scope,
      login_hint: subject,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    });
    const answer = await tesla(`/oauth2/v3/authorize?${query}`, { redirect: 'manual' });
    const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const client_secret = await secretOf();
    const form = { grant_type: 'authorization_code', client_id, client_secret, code, redirect_uri };
    const body = new URLSearchParams({ ...form, code_verifier: verifier, audience: audience });
    const tokens = await (await tesla('/oauth2/v3/token', { method: 'POST', body })).json();
    return (tokens as { access_token: string }).access_token;
  },
};

const audience = 'https://fleet-api.prd.na.vn.cloud.tesla.com';

/** The application's secret, as a Lambda reads it. */
async function secretOf(): Promise<string> {
  const { readSecret } = await import('../../lambdas/kernel/secrets-manager.ts');
  return JSON.parse((await readSecret(process.env.TESLA_SECRET_ARN ?? '')) ?? '{}').client_secret;
}

/** Links a Tesla account to a person as the app does. */
export async function linkTesla(person: Person, subject: string = randomUUID()): Promise<string> {
  const begun = await person.post('/api/v1/users/me/tesla/authorization', {});
  const answer = await fetch(`${begun.body.url}&login_hint=${subject}`, { redirect: 'manual' });
  const target = new URL(answer.headers.get('location') ?? '').searchParams;
  const linked = await person.post('/api/v1/users/me/tesla', {
    code: target.get('code'),
    state: target.get('state'),
  });
  expect(linked.status).toBe(201);
  return subject;
}
