import { expect, test } from 'vitest';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { messagesTo } from '../support/control-aws.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, randomAddress, signUpWithPassword } from '../support/people.ts';
import { audited, auth } from './accounts.ts';

const SESSIONS = '/api/v1/users/me/sessions';
const host = () => signUpWithPassword('driveway', { roles: ['host'] });

const signIn = async (person: Person, ip = randomAddress()) => {
  const { body } = await auth('login', { email: person.email, password: person.password }, { ip });
  return { client: new Client('driveway', body.access_token), refresh_token: body.refresh_token };
};

const idOf = async (client: Client) => {
  const { body } = await client.get(SESSIONS);
  return body.items.find((session: { is_current: boolean }) => session.is_current).id as string;
};

test('a person sees where the account is in use, the last used first', async () => {
  const person = await host();
  advanceClock(60);
  const phone = await signIn(person, '203.0.113.7');
  const { body } = await phone.client.get(SESSIONS);
  expect(body.items).toMatchObject([
    { ip: '203.0.113.7', user_agent: 'vitest', is_current: true },
    { is_current: false },
  ]);
  expect(Date.parse(body.items[0].last_used_at)).toBeGreaterThan(Date.parse(body.items[1].last_used_at));
  expect((await (await host()).get(SESSIONS)).body.items).toHaveLength(1);
});

test('one session is ended: its tokens stop at once, the others go on', async () => {
  const person = await host();
  const stranger = await host();
  const lost = await signIn(person);
  const id = await idOf(lost.client);
  expect((await stranger.delete(`${SESSIONS}/${id}`)).status).toBe(404);
  expect((await person.delete(`${SESSIONS}/${id}`)).status).toBe(204);
  expect((await lost.client.get('/api/v1/users/me')).body.code).toBe('session_ended');
  expect((await auth('refresh', { refresh_token: lost.refresh_token })).status).toBe(401);
  expect((await person.get(SESSIONS)).body.items).toHaveLength(1);
  expect((await person.delete(`${SESSIONS}/${id}`)).status).toBe(404);
  expect(await audited(person.id)).toContain('auth.session_ended');
});

test('all other sessions are ended, and nobody else’s', async () => {
  const person = await host();
  const bystander = await host();
  const others = [await signIn(person), await signIn(person)];
  expect((await person.delete(SESSIONS)).body).toEqual({ ended: 2 });
  for (const { client } of others) expect((await client.get(SESSIONS)).body.code).toBe('session_ended');
  expect((await person.get(SESSIONS)).body.items).toHaveLength(1);
  expect((await bystander.get(SESSIONS)).status).toBe(200);
});

test('a sign-in from a new device or network is told, one from a known does not come again', async () => {
  const person = await host();
  const subject = 'New sign-in to your Driveway-Hub account';
  const told = async () => {
    await deliverEvents();
    return (await messagesTo(person.email)).filter(message => message.subject === subject).length;
  };
  expect(await told()).toBe(0);
  const ip = randomAddress();
  await signIn(person, ip);
  expect(await told()).toBe(1);
  await signIn(person, ip);
  expect(await told()).toBe(1);
  await signIn(person, '2001:db8:7:7::1');
  await signIn(person, '2001:db8:7:7::2');
  expect(await told()).toBe(2);
  const devices = (await audited(person.id)).filter(action => action === 'auth.new_device');
  expect(devices).toHaveLength(2);
});
