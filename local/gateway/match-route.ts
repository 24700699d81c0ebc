/** A route key of an HTTP API taken apart, `GET /spaces/{space_id}`, with what it leads to. */
export type Route<T> = { key: string; method: string; segments: readonly string[]; target: T };

export type Match<T> = { route: Route<T>; pathParameters: Record<string, string> };

/** Takes a route key apart: `GET /spaces/{space_id}`, or `$default`. */
export function parseRoute<T>(key: string, target: T): Route<T> {
  const [method = '', path = ''] = key.split(' ');
  return { key, method, segments: key === '$default' ? [] : path.split('/').slice(1), target };
}

/**
 * Picks a route as API Gateway does: a full match before one with a greedy `{proxy+}`, and that before `$default`;
 * among full matches fixed segments before variables from left to right, then the method itself before ANY.
 *
 * @param path without the stage, still percent-encoded
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export function matchRoute<T>(
  routes: readonly Route<T>[],
  method: string,
  path: string,
): Match<T> | undefined {
  const segments = path.split('/').slice(1);
  const candidates = routes
    .filter(route => route.key !== '$default' && (route.method === method || route.method === 'ANY'))
    .map(route => ({ route, rank: rank(route.segments, segments) + (route.method === 'ANY' ? '1' : '0') }))
    .filter(({ rank }) => !rank.startsWith('-'))
    .sort((left, right) => (left.rank < right.rank ? -1 : 1));
  const route = candidates[0]?.route ?? routes.find(({ key }) => key === '$default');
  return route && { route, pathParameters: parametersOf(route, segments) };
}

/** A text that sorts better matches first: 0 for a fixed segment, 1 for a variable, 2 for the rest. '-' is no match. */
function rank(pattern: readonly string[], segments: readonly string[]): string {
  const greedy = pattern.at(-1)?.endsWith('+}') ?? false;
  if (greedy ? segments.length < pattern.length : segments.length !== pattern.length) return '-';
  let result = greedy ? '2' : '1';
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.endsWith('+}')) result += '2';
    else if (part.startsWith('{')) {
      if (segment === '') return '-';
      result += '1';
    } else if (part === segment) result += '0';
    else return '-';
  }
  return result;
}

function parametersOf<T>(route: Route<T>, segments: readonly string[]): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [index, part] of route.segments.entries()) {
    if (!part.startsWith('{')) continue;
    const greedy = part.endsWith('+}');
    const value = greedy ? segments.slice(index).join('/') : (segments[index] ?? '');
    parameters[part.slice(1, greedy ? -2 : -1)] = decodeURIComponent(value);
  }
  return parameters;
}
