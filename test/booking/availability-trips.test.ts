import { expect, test } from 'vitest';
import { logsOf } from '../support/logs.ts';
import { signUp } from '../support/people.ts';
import { at, nextWeekday, resourceOf, ruled, rulesOf } from './resources.ts';

test('a calendar is one trip to the database, and a rule two: its zone and its write', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const resource = await resourceOf(host);
  const monday = nextWeekday(1);
  const rule = {
    availability_type: 'available',
    start_time: `${monday}T09:00`,
    end_time: `${monday}T18:00`,
    recurrence_rule: 'FREQ=WEEKLY;BYDAY=MO,TU',
  };
  const lines = await logsOf(async () => {
    const { id } = await ruled(host, resource, rule);
    await host.put(`${rulesOf(resource)}/${id}`, rule);
    await host.get(rulesOf(resource));
    const [from, to] = [at(monday, '00:00'), at(monday, '23:00')];
    await host.get(`/api/v1/resources/${resource}/availability?from=${from}&to=${to}`);
    await host.delete(`${rulesOf(resource)}/${id}`);
  });
  const requests = lines.filter(line => line.message === 'request');
  expect(requests.map(line => [line.status, line.trips])).toEqual([
    [201, 2],
    [200, 2],
    [200, 1],
    [200, 1],
    [200, 1],
  ]);
});
