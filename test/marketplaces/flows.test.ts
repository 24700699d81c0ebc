import { describe, expect, test } from 'vitest';
import { marketplaces } from '../../marketplaces/index.ts';
import type { Flow, Party } from '../../marketplaces/marketplace.ts';
import { placed, stepped } from '../booking/bookings.ts';
import { signUp } from '../support/people.ts';

const flows = marketplaces.flatMap(({ slug, flows, roles }) =>
  Object.entries(flows).map(([module, flow]) => ({ slug, module, flow, role: roles.open[0] ?? '' })),
);

const statusesOf = (flow: Flow) => [...new Set(flow.transitions.flatMap(({ from, to }) => [from, to]))];

/** The statuses that lead from the one in which a booking starts to another, the shortest way. Null where none does. */
function wayTo(flow: Flow, status: string, by: Party): string[] | null {
  const ways = new Map([[flow.instant, [] as string[]]]);
  for (const [at, way] of ways) {
    for (const { from, to, by: parties } of flow.transitions) {
      if (from === at && parties.includes(by) && !ways.has(to)) ways.set(to, [...way, to]);
    }
  }
  return ways.get(status) ?? null;
}

test('the statuses of parking are those that the documents name', () => {
  const named = Object.fromEntries(flows.map(({ slug, flow }) => [slug, statusesOf(flow).sort()]));
  expect(named).toMatchObject({
    driveway: ['active', 'cancelled', 'completed', 'confirmed', 'no_show', 'pending'],
    handie: ['cancelled', 'completed', 'confirmed', 'in_progress', 'no_show'],
  });
});

describe.each(flows)('the flow of $slug for $module', ({ slug, module, flow, role }) => {
  const statuses = statusesOf(flow);

  test('names no status that its steps do not know', () => {
    const named = [
      flow.instant,
      flow.unpaid,
      flow.running,
      flow.completed,
      flow.no_show,
      flow.cancelled,
      ...flow.live,
    ];
    for (const status of [...named, ...flow.timers.flatMap(timer => [timer.in, timer.to ?? timer.in])])
      expect(statuses).toContain(status);
    expect(flow.live).toEqual(expect.arrayContaining([flow.instant, flow.unpaid, flow.running]));
  });

  test('lets the clock take every step that its timers take, and expire what waits', () => {
    const bySystem = (from: string, to: string) =>
      flow.transitions.some(step => step.from === from && step.to === to && step.by.includes('system'));
    for (const { in: from, to } of flow.timers) if (to !== undefined) expect(bySystem(from, to)).toBe(true);
    for (const from of [flow.unpaid, ...(flow.on_request ? [flow.on_request] : [])])
      expect(bySystem(from, flow.cancelled)).toBe(true);
  });

  test('has no way out of what no longer occupies the resource', () => {
    for (const { from } of flow.transitions) expect(flow.live).toContain(from);
  });

  test.each(statuses.filter(status => wayTo(flow, status, 'system') !== null))(
    'from %s the database takes the declared steps and no other',
    async status => {
      const [provider, customer] = [
        await signUp(slug, { roles: [role] }),
        await signUp(slug, { roles: [role] }),
      ];
      const declared = flow.transitions.filter(({ from, by }) => from === status && by.includes('system'));
      for (const to of statuses) {
        const booking = await placed(customer, provider, { module });
        for (const step of wayTo(flow, status, 'system') ?? []) await stepped(slug, booking, step);
        const taken = stepped(slug, booking, to);
        if (declared.some(step => step.to === to)) expect((await taken).status).toBe(to);
        else await expect(taken).rejects.toThrow('transition_not_allowed');
      }
    },
  );
});

test.each(
  marketplaces.flatMap(({ slug, policies }) =>
    Object.entries(policies).map(([module, policy]) => ({ slug, module, policy })),
  ),
)('the policy of $slug for $module returns less the later it is', ({ policy }) => {
  const { tiers } = policy.cancellation;
  const percents = [...tiers]
    .sort((a, b) => b.hours_before - a.hours_before)
    .map(tier => tier.refund_percent);
  expect(percents).toEqual([...percents].sort((a, b) => b - a));
  for (const percent of percents) expect(percent).toBeGreaterThanOrEqual(0);
  expect(Math.max(...percents)).toBeLessThanOrEqual(100);
  expect(policy.overstay.at_most_minutes).toBeGreaterThan(policy.overstay.grace_minutes);
});
