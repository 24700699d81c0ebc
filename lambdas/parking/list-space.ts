import * as z from 'zod/mini';
import { flag, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { OwnSpace, spaceFacts, spaceRefusals, spaceSecrets } from './parking.ts';

/** What a new space is told, with what holds where nothing is said. */
const NewSpace = z.strictObject({
  ...spaceFacts,
  description: z._default(spaceFacts.description, null),
  /** Where the marketplace is at home unless told, for those that are at home in one city. */
  city: z.optional(spaceFacts.city),
  state: z.optional(spaceFacts.state),
  zip_code: z._default(spaceFacts.zip_code, null),
  surface: z._default(spaceFacts.surface, null),
  is_covered: z._default(flag, false),
  capacity: z._default(spaceFacts.capacity, 1),
  max_vehicle_length_cm: z._default(spaceFacts.max_vehicle_length_cm, null),
  max_vehicle_width_cm: z._default(spaceFacts.max_vehicle_width_cm, null),
  max_vehicle_height_cm: z._default(spaceFacts.max_vehicle_height_cm, null),
  daily_rate: z._default(spaceFacts.daily_rate, null),
  weekly_rate: z._default(spaceFacts.weekly_rate, null),
  monthly_rate: z._default(spaceFacts.monthly_rate, null),
  minimum_booking_hours: z._default(spaceFacts.minimum_booking_hours, 1),
  maximum_booking_hours: z._default(spaceFacts.maximum_booking_hours, 168),
  advance_booking_hours: z._default(spaceFacts.advance_booking_hours, 1),
  buffer_before_minutes: z._default(spaceFacts.buffer_before_minutes, 0),
  buffer_after_minutes: z._default(spaceFacts.buffer_after_minutes, 0),
  instant_booking_enabled: z._default(flag, true),
  has_ev_charging: z._default(flag, false),
  charging_connector_type: z._default(spaceFacts.charging_connector_type, null),
  has_security_camera: z._default(flag, false),
  has_lighting: z._default(flag, false),
  amenities: z._default(spaceFacts.amenities, []),
  /** The owner's own name for it: a second space of the same name is refused, so an import may run again. */
  external_ref: z._default(z.nullable(text(1, 100, 'row-17')), null),
  access_instructions: z._default(spaceSecrets.access_instructions, null),
  special_instructions: z._default(spaceSecrets.special_instructions, null),
});

const cityRequired = refuse('city_required', 422, 'Say in which city the space is.', 'city');

/**
 * Lists a parking space: at once open to search and booking, or once staff have approved it where the marketplace asks for that.
 * Currency and zone are the marketplace's.
 */
export const listSpace = useCase({
  route: 'POST /api/v1/parking/spaces',
  module: 'parking',
  summary: 'List a parking space',
  access: permitted('parking.list'),
  input: NewSpace,
  output: OwnSpace,
  status: 201,
  refusals: {
    ...spaceRefusals,
    city_required: cityRequired,
    spaces_external_ref_key: refuse(
      'already_listed',
      409,
      'You have listed a space with this reference before.',
      'external_ref',
    ),
  },
  async run(input, { db, marketplace }) {
    const { city = marketplace.home?.city, state = marketplace.home?.state } = input;
    if (city === undefined) throw new Refusal(cityRequired);
    // A flow without a status for requests has nowhere to keep one that waits for its owner.
    if (!input.instant_booking_enabled && !marketplace.flows.parking?.on_request) {
      throw new Refusal(spaceRefusals.requests_not_supported);
    }
    const facts = { ...input, city, state };
    // It has no photographs yet.
    return db.one(
      sql`select s.*, '[]'::jsonb as photos from parking.list_space(${facts}::jsonb) s`,
      OwnSpace,
    );
  },
});

export const handler = http(listSpace);
