import { randomUUID } from 'node:crypto';
import { newPhone, PASSWORD } from '../identity/accounts.ts';
import { jpeg, upload } from '../identity/profile-files.ts';
import { booked, inHours, listed } from '../parking/spaces.ts';
import { Client } from '../support/client.ts';
import { Person, randomAddress, signUpWithPassword } from '../support/people.ts';

/** What is found nowhere else: each a word of its own, so that a search of every table finds what is left. */
export type Markers = Readonly<
  Record<'email' | 'phone' | 'name' | 'notes' | 'title' | 'address' | 'ip' | 'tesla', string>
>;

/** Somebody of Driveway who drives and hosts, and has left something in every part of the system. */
export async function liveAWhile(): Promise<{ person: Person; markers: Markers; bystander: Person }> {
  const word = () => randomUUID().replaceAll('-', '').slice(0, 12);
  const markers: Markers = {
    email: `${word()}@people.example`,
    phone: newPhone(),
    name: `Asha ${word()}`,
    notes: `notes-${word()}`,
    title: `title-${word()}`,
    address: `Valencia-${word()}`,
    ip: randomAddress(),
    tesla: `tesla-${word()}`,
  };
  const { email, phone } = markers;
  const account = { email, phone, password: PASSWORD, full_name: markers.name, roles: ['driver', 'host'] };
  const made = await new Client('driveway').post('/api/v1/auth/signup', account, { ip: markers.ip });
  if (made.status !== 201) throw new Error(`Sign-up answered ${made.status}: ${made.text}`);
  const person = new Person('driveway', made.body, email, PASSWORD);
  const bystander = await signUpWithPassword('driveway', { roles: ['driver', 'host'] });
  const here = { ip: markers.ip };

  const own = await listed(person, {
    title: markers.title,
    address: markers.address,
    access_instructions: markers.notes,
  });
  const other = await listed(bystander);
  const trip = await booked(person, other, inHours(48), inHours(50));
  await ok(person.post(`/api/v1/bookings/${trip.id}/cancel`, { reason: markers.notes }, here), 200);
  const visit = await booked(bystander, own, inHours(48), inHours(50));
  await ok(bystander.post(`/api/v1/bookings/${visit.id}/cancel`, { reason: 'rain' }), 200);
  const address = {
    kind: 'home',
    label: 'Home',
    street: '1387 Valencia St',
    unit: markers.address,
    city: 'San Francisco',
    state: 'CA',
    zip_code: '94110',
    country: 'US',
  };
  await ok(person.post('/api/v1/users/me/addresses', address, here), 201);
  await ok(upload(person, jpeg()), 200);
  await ok(
    person.put(
      '/api/v1/users/me/consents',
      { purpose: 'marketing', version: '2026-11', is_given: true },
      here,
    ),
    200,
  );
  await linkTesla(person, markers.tesla);
  return { person, markers, bystander };
}

async function linkTesla(person: Person, subject: string): Promise<void> {
  const begun = await ok(person.post('/api/v1/users/me/tesla/authorization', {}), 201);
  const answer = await fetch(`${begun.body.url}&login_hint=${subject}`, { redirect: 'manual' });
  const query = new URL(answer.headers.get('location') ?? '').searchParams;
  await ok(
    person.post('/api/v1/users/me/tesla', { code: query.get('code'), state: query.get('state') }),
    201,
  );
}

/** Awaits an answer and checks its status. */
export async function ok<A extends { status: number; text: string }>(
  answer: Promise<A>,
  status: number,
): Promise<A> {
  const given = await answer;
  if (given.status !== status)
    throw new Error(`It answered ${given.status} and not ${status}: ${given.text}`);
  return given;
}
