import { driveway } from './driveway.ts';
import { handie } from './handie.ts';
import { homigo } from './homigo.ts';
import type { Marketplace } from './marketplace.ts';
import { recovery } from './recovery.ts';
import { spacall } from './spacall.ts';

/** Every marketplace that is deployed. A new one costs its file and a line here. */
export const marketplaces: readonly Marketplace[] = [handie, spacall, recovery, driveway, homigo];

/** The marketplace of a stage, or undefined when there is none of that name. */
export function marketplaceOf(slug: string): Marketplace | undefined {
  return marketplaces.find(marketplace => marketplace.slug === slug);
}
