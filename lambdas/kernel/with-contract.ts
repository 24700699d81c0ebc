import type { Contract, Handler } from './use-case.ts';

/** Puts the declaration onto the handler that was made from it. middy types its event more narrowly than Lambda hands it over. */
export function withContract<C extends Contract>(
  lambda: (event: never, context: never) => Promise<unknown>,
  contract: C,
): Handler<C> {
  return Object.assign((event: unknown, context: unknown) => lambda(event as never, context as never), {
    contract,
  });
}
