import { GeocodeCommand, GeoPlacesClient, ValidationException } from '@aws-sdk/client-geo-places';
import { log } from '../kernel/log.ts';
import { common, Refusal } from '../kernel/refusal.ts';

// Import this file when it is needed: only some marketplaces ask where an address is.
const client = new GeoPlacesClient({
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000 },
});

/** What is a door, and not only a street or a town. */
const DOORS: readonly string[] = [
  'PointAddress',
  'InterpolatedAddress',
  'SecondaryAddress',
  'InferredSecondaryAddress',
];

/** Below this share of the words that fit, the geocoder has guessed. */
const LEAST_MATCH = 0.8;

export type Postal = {
  street: string;
  city: string;
  state: string | null;
  zip_code: string | null;
  country: string;
};

/**
 * Where an address is, in degrees of WGS 84, or null when no such door is known. Asks Amazon Location Service (Geocode of Places
 * V2), with leave to keep what it says. Throws unavailable when it does not answer. Needs 'geocoding'.
 */
export async function geocode(address: Postal): Promise<{ latitude: number; longitude: number } | null> {
  const { street, city, state, zip_code, country } = address;
  const region = [state, zip_code].filter(Boolean).join(' ');
  const command = new GeocodeCommand({
    // The service takes no more.
    QueryText: [street, city, region].filter(Boolean).join(', ').slice(0, 200),
    Filter: { IncludeCountries: [country] },
    MaxResults: 1,
    IntendedUse: 'Storage',
  });
  const [found] = await client.send(command).then(
    ({ ResultItems = [] }) => ResultItems,
    (error: Error) => {
      if (error instanceof ValidationException) return [];
      log.error('geocoding failed', { error: error.name });
      throw new Refusal(common.unavailable, { headers: { 'retry-after': '5' }, cause: error });
    },
  );
  const [longitude, latitude] = found?.Position ?? [];
  const isDoor = DOORS.includes(found?.PlaceType ?? '') && found?.AddressNumberCorrected !== true;
  const match = found?.MatchScores?.Overall ?? 0;
  if (latitude === undefined || longitude === undefined || !isDoor || match < LEAST_MATCH) return null;
  return { latitude, longitude };
}
