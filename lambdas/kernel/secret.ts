import * as z from 'zod/mini';
import { environment } from './environment.ts';

/** What a deployment writes into a secret where a person fills something in. Everybody can read it here, so it proves nothing. */
export const PLACEHOLDER = 'fill-me-in';

/** For so many milliseconds a secret that was read is used, so that a new one takes effect soon. */
const KEPT = 300_000;

/** A secret of Secrets Manager, read when it is first asked for. */
export class Secret<S extends z.ZodMiniType> {
  readonly #variable: string;
  readonly #schema: S;
  #known: { until: number; value: Promise<z.output<S>> } | undefined;

  /**
   * @param variable the environment variable that holds its ARN
   * @param schema the shape of its JSON
   */
  constructor(variable: string, schema: S) {
    this.#variable = variable;
    this.#schema = schema;
  }

  /**
   * The secret, at most five minutes old. A failure is not kept.
   *
   * @throws SecretsManagerServiceException, TimeoutError; ZodError for another shape
   */
  read(): Promise<z.output<S>> {
    if (this.#known && this.#known.until > performance.now()) return this.#known.value;
    const value = this.#fetch();
    this.#known = { until: performance.now() + KEPT, value };
    value.catch(() => this.forget());
    return value;
  }

  /** Whoever it is for refused it: it may have been replaced. */
  forget(): void {
    this.#known = undefined;
  }

  async #fetch(): Promise<z.output<S>> {
    const { readSecret } = await import('./secrets-manager.ts');
    return z.parse(this.#schema, JSON.parse((await readSecret(environment(this.#variable))) ?? '{}'));
  }
}
