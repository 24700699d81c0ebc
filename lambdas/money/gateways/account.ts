import * as z from 'zod/mini';
import { Secret } from '../../kernel/secret.ts';

/** Our account at a gateway: the same for all marketplaces, or one for each under `marketplaces`. */
export class Account<Keys extends object> {
  readonly #secret: Secret<z.ZodMiniType<Keys | { marketplaces: Record<string, Keys> }>>;

  /**
   * @param variable the environment variable that holds the secret's ARN
   * @param keys the shape of one account
   */
  constructor(variable: string, keys: z.ZodMiniType<Keys>) {
    this.#secret = new Secret(
      variable,
      z.union([z.object({ marketplaces: z.record(z.string(), keys) }), keys]),
    );
  }

  /** Throws an Error when the marketplace has no account, and what Secret throws. */
  async of(marketplace: string): Promise<Keys> {
    const secret = await this.#secret.read();
    if (!('marketplaces' in secret)) return secret;
    const keys = secret.marketplaces[marketplace];
    if (!keys) throw new Error(`There is no account for ${marketplace}.`);
    return keys;
  }

  /** The gateway refused it: it may have been replaced. */
  forget(): void {
    this.#secret.forget();
  }
}
