import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { region } from '../account.ts';
import { AwsError, json, jsonError } from '../answer.ts';
import { parseBody } from '../request.ts';
import type { Service } from '../service.ts';

const Geocode = z.object({
  QueryText: z.string().check(z.minLength(1), z.maxLength(200)),
  Filter: z.optional(z.object({ IncludeCountries: z.optional(z.array(z.string())) })),
  MaxResults: z.optional(z.int().check(z.minimum(1), z.maximum(100))),
  IntendedUse: z._default(z.enum(['SingleUse', 'Storage']), 'SingleUse'),
});

/** The middle of each city that this world has, as longitude and latitude; whatever else is named lies in the first. */
const CITIES: Readonly<Record<string, readonly [number, number]>> = {
  'san francisco': [-122.4194, 37.7749],
  'los angeles': [-118.2437, 34.0522],
  manila: [120.9842, 14.5995],
  bengaluru: [77.5946, 12.9716],
  mumbai: [72.8777, 19.076],
};

/**
 * Amazon Location Service's places, of which Geocode is asked. An address whose street begins with a number is found, at a point of its
 * city that stays the same; without a number it is a street; one with `nowhere` in it is not found.
 */
export function makeGeoPlaces(): Service {
  return {
    denied: { name: 'AccessDeniedException', status: 403 },
    errorAnswer: jsonError,
    permissionsOf({ path }) {
      if (path !== '/v2/geocode') {
        throw new AwsError('ResourceNotFoundException', 404, `There is no local ${path}`);
      }
      return [
        { action: 'geo-places:Geocode', resources: [`arn:aws:geo-places:${region}::provider/default`] },
      ];
    },
    async answer(request) {
      const { QueryText, Filter, IntendedUse } = parseBody(Geocode, request);
      const found = /nowhere/i.test(QueryText) ? [] : [place(QueryText, Filter?.IncludeCountries?.[0])];
      const answer = json({ ResultItems: found });
      const bucket = IntendedUse === 'Storage' ? 'Stored' : 'Core';
      return { ...answer, headers: { ...answer.headers, 'x-amz-geo-pricing-bucket': bucket } };
    },
  };
}

function place(text: string, country: string | undefined) {
  const digest = createHash('sha256').update(text.toLowerCase()).digest();
  const [longitude, latitude] =
    Object.entries(CITIES).find(([city]) => text.toLowerCase().includes(city))?.[1] ??
    CITIES['san francisco'] ??
    [];
  const offset = (at: number) => (digest.readUInt16BE(at) / 65_535 - 0.5) * 0.04;
  return {
    PlaceId: digest.toString('base64url'),
    PlaceType: /^\d/.test(text) ? 'PointAddress' : 'Street',
    Title: text,
    Address: { Label: text, Country: country ? { Code2: country } : undefined },
    Position: [(longitude ?? 0) + offset(0), (latitude ?? 0) + offset(2)],
    MatchScores: { Overall: 1 },
  };
}
