import { expect, test } from 'vitest';
import { anonymous } from '../support/client.ts';
import { logsOf } from '../support/logs.ts';
import { signUp } from '../support/people.ts';
import { book, inHours, listed, spaceFacts } from './spaces.ts';

test('a read is one trip to the database, and a booking two: its terms and its write', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const driver = await signUp('driveway', { roles: ['driver'] });
  const space = await listed(host);
  const { latitude, longitude } = space.location;
  const lines = await logsOf(async () => {
    await host.post('/api/v1/parking/spaces', spaceFacts({}));
    await anonymous('driveway').get(`/api/v1/parking/spaces?latitude=${latitude}&longitude=${longitude}`);
    await anonymous('driveway').get(`/api/v1/parking/spaces/${space.id}`);
    const { body } = await book(driver, space, inHours(24), inHours(26));
    await driver.get('/api/v1/bookings');
    await driver.get(`/api/v1/bookings/${body.id}`);
    await driver.get(`/api/v1/parking/spaces/${space.id}/instructions`);
    await driver.post(`/api/v1/bookings/${body.id}/cancel`);
  });
  const requests = lines.filter(line => line.message === 'request');
  expect(requests.map(line => [line.status, line.trips])).toEqual([
    [201, 1],
    [200, 1],
    [200, 1],
    [201, 2],
    [200, 1],
    [200, 1],
    [200, 1],
    [200, 1],
  ]);
});
