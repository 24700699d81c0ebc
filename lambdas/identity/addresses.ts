import * as z from 'zod/mini';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import { flag, id, instant, place, text } from '../kernel/fields.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { seal, unseal } from '../kernel/seal.ts';
import { sql } from '../kernel/sql.ts';
import type { SignedInCall } from '../kernel/use-case.ts';
import type { Postal } from './geocode.ts';

/** Which houses, flats and doors: kept sealed, as one text. */
const lines = {
  street: text(1, 200, '1387 Valencia St'),
  unit: z.nullable(text(1, 100, 'Apt 4')),
};

const facts = {
  kind: z.enum(['home', 'work', 'other']).check(z.meta({ examples: ['home'] })),
  label: z.nullable(text(1, 50, 'My flat')),
  city: text(1, 100, 'San Francisco'),
  state: z.nullable(text(1, 100, 'CA')),
  zip_code: z.nullable(text(1, 20, '94110')),
  country: z.string().check(z.regex(/^[A-Z]{2}$/), z.meta({ examples: ['US'] })),
  location: z.nullable(place),
};

/** An address as its owner sees it. The default is what the documents call primary. */
export const Address = z.object({
  id: id('address'),
  ...lines,
  ...facts,
  is_default: flag,
  is_validated: flag,
  created_at: instant,
});

/** What an address is told. Where the marketplace validates addresses, the geocoder says where it is. */
export const addressFields = {
  street: lines.street,
  unit: z._default(lines.unit, null),
  kind: z._default(facts.kind, 'home'),
  label: z._default(facts.label, null),
  city: facts.city,
  state: z._default(facts.state, null),
  zip_code: z._default(facts.zip_code, null),
  country: z.optional(facts.country),
  location: z._default(facts.location, null),
  is_default: z.optional(flag),
};

/** The same as a row has it: `open` makes the one of the other. */
export const AddressRow = z.extend(z.omit(Address, { street: true, unit: true }), {
  sealed_lines: z.string(),
});

const about = (addressId: string) => `identity.addresses.lines/${addressId}`;
const Lines = z.object({ street: z.string(), unit: z.nullable(z.string()) });

/** Opens street and unit. Needs 'sealing'. */
export async function open({ sealed_lines, ...row }: z.output<typeof AddressRow>) {
  return { ...row, ...Lines.parse(JSON.parse(await unseal(sealed_lines, about(row.id)))) };
}

export const addressRefusals = {
  address_not_found: refuse('address_not_found', 422, 'There is no such address.', 'street'),
  default_required: refuse(
    'default_required',
    409,
    'Make another address the default instead.',
    'is_default',
  ),
  too_many_addresses: refuse('too_many_addresses', 409, 'You have twenty addresses. Remove one first.'),
};

const Fields = z.object(addressFields);

/**
 * Keeps a new address, or what an address says now, and shows it. Where the marketplace asks for it, the address is looked up first:
 * throws address_not_found, or unavailable when it cannot be. Needs 'sealing' and 'geocoding'.
 */
export async function saveAddress(
  addressId: string,
  input: z.output<typeof Fields>,
  isNew: boolean,
  { db, marketplace }: SignedInCall,
) {
  const address = await prepare(addressId, input, marketplace);
  const row = await db.one(
    sql`select id, kind, label, sealed_lines, city, state, zip_code, country, app.place(location) as location,
               is_default, validated_at is not null as is_validated, created_at
        from identity.save_address(${address}::jsonb, ${isNew}::boolean)`,
    AddressRow,
  );
  return open(row);
}

/** What `identity.save_address` takes. */
async function prepare(
  addressId: string,
  { street, unit, ...rest }: z.output<typeof Fields>,
  marketplace: Marketplace,
) {
  const country = rest.country ?? marketplace.country;
  const validates = marketplace.address_validation === true;
  const location = validates ? await locate({ ...rest, street, country }) : rest.location;
  const sealed_lines = await seal(JSON.stringify({ street, unit }), about(addressId));
  return { ...rest, id: addressId, country, location, sealed_lines, is_validated: validates };
}

async function locate(address: Postal) {
  const { geocode } = await import('./geocode.ts');
  const location = await geocode(address);
  if (location === null) throw new Refusal(addressRefusals.address_not_found);
  return location;
}
