import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Address, AddressRow, addressFields, addressRefusals, open, saveAddress } from './addresses.ts';

/** Adds an address. The first becomes the default by itself. */
export const addAddress = useCase({
  route: 'POST /api/v1/users/me/addresses',
  summary: 'Add an address',
  access: signedIn(),
  status: 201,
  input: z.strictObject(addressFields),
  output: Address,
  refusals: addressRefusals,
  needs: ['sealing', 'geocoding'],
  reveal: row => open(z.parse(AddressRow, row)),
  run: (input, call) => saveAddress(randomUUID(), input, true, call),
});

export const handler = http(addAddress);
