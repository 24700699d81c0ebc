import * as z from 'zod/mini';
import { PLACEHOLDER, Secret } from '../../kernel/secret.ts';
import { type GatewayName, GatewayUnavailable } from './gateway.ts';

const Fields = z.record(z.string(), z.unknown());

/** Our account at a gateway: the same for all marketplaces, or one for each under `marketplaces`. */
export class Account<Keys extends object> {
  readonly #gateway: GatewayName;
  readonly #keys: z.ZodMiniType<Keys>;
  readonly #secret: Secret<typeof Fields>;

  /**
   * @param variable the environment variable that holds the secret's ARN
   * @param keys the shape of one account
   */
  constructor(gateway: GatewayName, variable: string, keys: z.ZodMiniType<Keys>) {
    this.#gateway = gateway;
    this.#keys = keys;
    this.#secret = new Secret(variable, Fields);
  }

  /** Throws GatewayUnavailable `not_configured` when the marketplace has no account, and what Secret throws. */
  async of(marketplace: string): Promise<Keys> {
    const keys = await this.find(marketplace);
    if (!keys) {
      throw new GatewayUnavailable(
        this.#gateway,
        'not_configured',
        `There is no account for ${marketplace}, or it is not filled in.`,
      );
    }
    return keys;
  }

  /**
   * The same, or undefined. A field that is not filled in is not there: whoever knows what a deployment writes could sign with it.
   *
   * @throws what Secret throws, and ZodError where an account that is filled in has another shape
   */
  async find(marketplace: string): Promise<Keys | undefined> {
    const { marketplaces, ...shared } = await this.#secret.read();
    const fields = marketplaces ? z.parse(z.record(z.string(), Fields), marketplaces)[marketplace] : shared;
    if (!fields) return undefined;
    const filled = Object.entries(fields).filter(([, value]) => value !== PLACEHOLDER && value !== '');
    const keys = z.safeParse(this.#keys, Object.fromEntries(filled));
    if (keys.success) return keys.data;
    if (filled.length < Object.keys(fields).length) return undefined;
    throw keys.error;
  }

  /** The gateway refused it: it may have been replaced. */
  forget(): void {
    this.#secret.forget();
  }
}
