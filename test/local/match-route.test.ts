import { describe, expect, test } from 'vitest';
import { matchRoute, parseRoute } from '../../local/gateway/match-route.ts';

const routes = [
  '$default',
  'GET /spaces',
  'GET /spaces/{space_id}',
  'GET /spaces/search',
  'ANY /spaces/search',
  'POST /spaces/{space_id}/bookings',
  'GET /files/{path+}',
  'GET /files/{name}/meta',
  'ANY /{proxy+}',
].map(key => parseRoute(key, key));

const match = (method: string, path: string) => matchRoute(routes, method, path);

describe('a route', () => {
  test.each([
    ['GET', '/spaces', 'GET /spaces'],
    ['GET', '/spaces/search', 'GET /spaces/search'],
    ['POST', '/spaces/search', 'ANY /spaces/search'],
    ['GET', '/spaces/17', 'GET /spaces/{space_id}'],
    ['GET', '/files/a/meta', 'GET /files/{name}/meta'],
    ['GET', '/files/a/b/c', 'GET /files/{path+}'],
    ['DELETE', '/spaces/17', 'ANY /{proxy+}'],
    ['GET', '/spaces/', 'ANY /{proxy+}'],
    ['GET', '/', 'ANY /{proxy+}'],
  ])('of %s %s is %s', (method, path, key) => {
    expect(match(method, path)?.route.key).toBe(key);
  });

  test('gives the path’s variables decoded, and a greedy one whole', () => {
    expect(match('POST', '/spaces/a%20b%2Fc/bookings')?.pathParameters).toEqual({ space_id: 'a b/c' });
    expect(match('GET', '/files/a/b%20c')?.pathParameters).toEqual({ path: 'a/b c' });
  });

  test('is the default when nothing else fits, and none when there is no default', () => {
    const some = [parseRoute('GET /a', 'a'), parseRoute('$default', 'rest')];
    expect(matchRoute(some, 'POST', '/a')?.route.target).toBe('rest');
    expect(matchRoute(some.slice(0, 1), 'HEAD', '/a')).toBeUndefined();
  });
});
