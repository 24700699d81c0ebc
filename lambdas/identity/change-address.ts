import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Address, AddressRow, addressFields, addressRefusals, open, saveAddress } from './addresses.ts';

/** Replaces what an address says. `is_default` left out leaves the default where it is. */
export const changeAddress = useCase({
  route: 'PUT /api/v1/users/me/addresses/{address_id}',
  summary: 'Change an address',
  access: signedIn(),
  input: z.strictObject({ address_id: id('address'), ...addressFields }),
  output: Address,
  refusals: addressRefusals,
  needs: ['sealing', 'geocoding'],
  reveal: row => open(z.parse(AddressRow, row)),
  run: ({ address_id, ...input }, call) => saveAddress(address_id, input, false, call),
});

export const handler = http(changeAddress);
