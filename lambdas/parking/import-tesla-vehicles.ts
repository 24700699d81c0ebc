import * as z from 'zod/mini';
import { type Settlement, teslaGrantOf } from '../identity/identity.ts';
import { text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { FleetError, type FleetVehicle, listVehicles } from './tesla-fleet.ts';
import { Vehicle } from './vehicles.ts';

const Imported = z.object({
  vehicles: z.array(Vehicle),
  /** VINs of the account that somebody else has in use here. */
  taken: z.array(text(17, 17, '5YJ3E1EA2JF000316')),
});

const refusals = {
  tesla_link_broken: refuse('tesla_link_broken', 409, 'Tesla has ended this link. Link the account again.'),
  tesla_busy: refuse('tesla_busy', 409, 'The link is being renewed. Try again in a moment.'),
  tesla_unavailable: refuse(
    'tesla_unavailable',
    424,
    'Tesla does not answer at the moment. Try again later.',
  ),
  tesla_refused: refuse(
    'tesla_refused',
    409,
    'Tesla does not show us your vehicles. Link the account again.',
  ),
};

/** Takes over the vehicles of the caller's Tesla account: new ones are added, known ones brought up to date. */
export const importTeslaVehicles = useCase({
  route: 'POST /api/v1/vehicles/import',
  module: 'tesla',
  summary: 'Import my vehicles from Tesla',
  access: permitted('parking.book'),
  input: z.strictObject({}),
  output: Imported,
  refusals,
  // The first trip lends tokens, which no kept answer may hold; done twice it does the same.
  credentials: true,
  needs: ['tesla', 'sealing'],
  async run(_input, { db, now }) {
    let settlement: Settlement | null = null;
    const write = (told: readonly FleetVehicle[]) =>
      db.one(
        sql`
          select vehicles, taken
          from parking.import_tesla_vehicles(${told.map(detailsOf)}::jsonb, ${settlement}::jsonb)`,
        Imported,
      );
    const lent = sql`
      select state, user_id, region, access_token_sealed, refresh_token_sealed
      from parking.lend_tesla_tokens()`;
    let told: FleetVehicle[];
    try {
      const link = await teslaGrantOf(db, now, {
        lent,
        // Written with the vehicles: two trips, also where the token had expired.
        settle: async settled => {
          settlement = settled;
        },
      });
      told = await listVehicles(link);
    } catch (error) {
      if (settlement !== null) await write([]);
      if (!(error instanceof FleetError)) throw error;
      throw new Refusal(error.kind === 'refused' ? refusals.tesla_refused : refusals.tesla_unavailable, {
        cause: error,
      });
    }
    return write(told);
  },
});

const MODELS: Readonly<Record<string, string>> = {
  S: 'Model S',
  3: 'Model 3',
  X: 'Model X',
  Y: 'Model Y',
  C: 'Cybertruck',
  R: 'Roadster',
  T: 'Semi',
};

/** The tenth sign of a VIN counts the years from 2010 on, without letters that look like others. */
const YEARS = 'ABCDEFGHJKLMNPRSTVWXY';

/** What a vehicle's number says of it: its fourth sign is the model. */
function detailsOf({ id, vin, display_name }: FleetVehicle) {
  const year = YEARS.indexOf(vin.charAt(9));
  return {
    tesla_vehicle_id: id,
    vin,
    display_name: display_name || null,
    model: MODELS[vin.charAt(3)] ?? null,
    year: year < 0 ? null : 2010 + year,
  };
}

export const handler = http(importTeslaVehicles);
