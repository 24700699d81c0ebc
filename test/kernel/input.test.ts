import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { flag, instant, latitude, text } from '../../lambdas/kernel/fields.ts';
import { http } from '../../lambdas/kernel/http.ts';
import { everyone, useCase } from '../../lambdas/kernel/use-case.ts';
import { sendRequest } from '../support/send-request.ts';

const echo = z.object({ seen: z.unknown() });
const thing = { title: text(1, 10, 'A title'), latitude, from: z.optional(instant), open: z.optional(flag) };

const post = http(
  useCase({
    route: 'POST /api/v1/things/{thing_id}',
    summary: 'Echo the body',
    access: everyone(),
    input: z.strictObject({ thing_id: z.uuid(), ...thing }),
    output: echo,
    run: async input => ({ seen: input }),
  }),
);

const get = http(
  useCase({
    route: 'GET /api/v1/things',
    summary: 'Echo the query',
    access: everyone(),
    input: z.strictObject({ ...thing, title: z.optional(thing.title) }),
    output: echo,
    run: async input => ({ seen: input }),
  }),
);

const ID = '019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e';
const send = (body: unknown, more = {}) =>
  sendRequest(post, {
    marketplace: 'driveway',
    path: `/api/v1/things/${ID}`,
    parameters: { thing_id: ID },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...more,
  });
const query = (text: string) =>
  sendRequest(get, { marketplace: 'driveway', path: '/api/v1/things', query: text });

test('path and body become one input', async () => {
  const answer = await send({ title: ' A title ', latitude: 37.7 });
  expect(answer).toMatchObject({
    status: 200,
    body: { seen: { thing_id: ID, title: 'A title', latitude: 37.7 } },
  });
});

test('an instant of any offset is read as UTC', async () => {
  const answer = await send({ title: 'x', latitude: 0, from: '2026-11-20T10:00:00+05:30' });
  expect(answer.body.seen.from).toBe('2026-11-20T04:30:00.000Z');
});

test.each([
  ['a missing field', { title: 'x' }, { field: 'latitude', code: 'required', message: 'is required' }],
  ['a wrong type', { title: 'x', latitude: '37' }, { field: 'latitude', message: 'must be a number' }],
  [
    'a number out of range',
    { title: 'x', latitude: 91 },
    { field: 'latitude', message: 'must be at most 90' },
  ],
  [
    'a text too long',
    { title: 'x'.repeat(11), latitude: 1 },
    { field: 'title', message: 'must have at most 10 characters' },
  ],
  ['an unknown field', { title: 'x', latitude: 1, price: 0 }, { field: 'price', code: 'unknown_field' }],
  [
    'a field of the path',
    { title: 'x', latitude: 1, thing_id: ID },
    { field: 'thing_id', code: 'unknown_field' },
  ],
  ['a time without an offset', { title: 'x', latitude: 1, from: '2026-11-20T10:00:00' }, { field: 'from' }],
  [
    'a NUL',
    { title: 'a\u0000b', latitude: 1 },
    { field: 'title', message: 'must not contain control characters or broken ones' },
  ],
  ['a lone surrogate', { title: 'a\ud800b', latitude: 1 }, { field: 'title' }],
])('%s is a 400 that names the field', async (_name, body, error) => {
  const answer = await send(body);
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_input', errors: [error] } });
  expect(answer.headers['content-type']).toBe('application/problem+json');
});

test('every wrong field is named at once', async () => {
  const answer = await send({ latitude: 'north', extra: 1 });
  expect(answer.body.errors.map((error: { field: string }) => error.field).sort()).toEqual([
    'extra',
    'latitude',
    'title',
  ]);
});

test.each([
  ['a body that is not JSON', '{"title":', 400, 'malformed_json'],
  ['a list', '[]', 400, 'invalid_input'],
  ['null', 'null', 400, 'invalid_input'],
  ['more than a mebibyte', JSON.stringify({ title: 'x'.repeat(1024 * 1024) }), 413, 'payload_too_large'],
])('%s is refused', async (_name, body, status, code) => {
  expect(await send(body)).toMatchObject({ status, body: { status, code } });
});

test('a media type that is not JSON is a 415', async () => {
  const answer = await send('title=x', { headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
});

test('a path that holds no UUID names nothing', async () => {
  const answer = await send({ title: 'x', latitude: 1 }, { parameters: { thing_id: 'mine' } });
  expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', errors: [{ field: 'thing_id' }] } });
});

test('numbers and booleans of a query are read as what they are', async () => {
  const answer = await query('latitude=37.5&open=false');
  expect(answer).toMatchObject({ status: 200, body: { seen: { latitude: 37.5, open: false } } });
});

test.each(['latitude=north', 'latitude=', 'latitude=0x10', 'latitude=1&latitude=2', 'latitude=Infinity'])(
  'a query of %s names the field',
  async text => {
    expect(await query(text)).toMatchObject({ status: 400, body: { errors: [{ field: 'latitude' }] } });
  },
);

test.each(['constructor', 'toString', '__proto__'])(
  'a query may name %s, which is no field of ours',
  async name => {
    const answer = await query(`latitude=1&${name}=1`);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: name, code: 'unknown_field' }] } });
  },
);

test('a marketplace that does not exist is a 404', async () => {
  expect(await send({ title: 'x', latitude: 1 }, { marketplace: 'nowhere' })).toMatchObject({ status: 404 });
});
