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
    const keys = await this.find(marketplace);
    if (!keys) throw new Error(`There is no account for ${marketplace}.`);
    return keys;
  }

  /** The same, or undefined. Throws what Secret throws. */
  async find(marketplace: string): Promise<Keys | undefined> {
    const secret = await this.#secret.read();
    return 'marketplaces' in secret ? secret.marketplaces[marketplace] : secret;
  }

  /** The gateway refused it: it may have been replaced. */
  forget(): void {
    this.#secret.forget();
  }
}
