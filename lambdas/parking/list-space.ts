import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { NewSpace, Space } from './parking.ts';

const requestsNotSupported = refuse(
  'requests_not_supported',
  422,
  'Bookings are always instant in this marketplace.',
  'instant_booking_enabled',
);

/** Lists a parking space, at once open to search and booking. Currency and zone are the marketplace's. */
export const listSpace = useCase({
  route: 'POST /api/v1/parking/spaces',
  module: 'parking',
  summary: 'List a parking space',
  access: permitted('parking.list'),
  input: NewSpace,
  output: Space,
  status: 201,
  refusals: {
    city_not_supported: refuse(
      'city_not_supported',
      422,
      'Spaces in this city cannot be listed here yet.',
      'city',
    ),
    spaces_external_ref_key: refuse(
      'already_listed',
      409,
      'You have listed a space with this reference before.',
      'external_ref',
    ),
    spaces_covered_height_check: refuse(
      'height_required',
      422,
      'A covered space needs its greatest vehicle height.',
      'max_vehicle_height_cm',
    ),
    spaces_booking_hours_check: refuse(
      'hours_out_of_order',
      422,
      'The longest booking must not be shorter than the shortest.',
      'maximum_booking_hours',
    ),
    spaces_charging_check: refuse(
      'connector_without_charging',
      422,
      'A connector can only be named where there is charging.',
      'charging_connector_type',
    ),
    requests_not_supported: requestsNotSupported,
  },
  async run(input, { db, marketplace }) {
    // A flow without a status for requests has nowhere to keep one that waits for its owner.
    if (!input.instant_booking_enabled && !marketplace.flows.parking?.on_request) {
      throw new Refusal(requestsNotSupported);
    }
    return db.one(sql`select * from parking.list_space(${input}::jsonb)`, Space);
  },
});

export const handler = http(listSpace);
