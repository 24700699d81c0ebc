/** A promo code as its rules are told: in hundredths of a percent, or in cents. */
export type Code = {
  name: 'share' | 'fixed';
  value: number;
  cap: number | null;
  perPerson: number;
  inAll: number;
};

/** Shares of all of them are whole cents, halves too. Together the two people may do less than each could alone. */
export const CODES: readonly Code[] = [
  { name: 'share', value: 2000, cap: 600, perPerson: 2, inAll: 3 },
  { name: 'fixed', value: 500, cap: null, perPerson: 3, inAll: 4 },
];

export type Use = { code: Code['name']; who: 'driver' | 'rival'; discount: number; isReleased: boolean };

/** Who has used which code, kept by the rules that people are told. */
export class Promos {
  readonly uses: Use[] = [];

  /** What a code takes off: no more than there is, and a share no more than its cap. */
  discount({ name, value, cap }: Code, subtotal: number): number {
    const off = name === 'share' ? Math.min((subtotal * value) / 10_000, cap ?? subtotal) : value;
    return Math.min(off, subtotal);
  }

  /** Why somebody cannot use a code now, or null. */
  refusal(code: Code, who: Use['who']): string | null {
    const live = this.uses.filter(use => use.code === code.name && !use.isReleased);
    if (live.length >= code.inAll) return 'promo_used_up';
    return live.filter(use => use.who === who).length >= code.perPerson ? 'promo_used_by_you' : null;
  }

  use(code: Code, who: Use['who'], discount: number): Use {
    const made = { code: code.name, who, discount, isReleased: false };
    this.uses.push(made);
    return made;
  }

  /** What the books of a code should say. */
  of(name: Code['name']) {
    const uses = this.uses.filter(use => use.code === name);
    return {
      count: uses.filter(use => !use.isReleased).length,
      uses: uses.map(({ who, discount, isReleased }) => ({ who, discount, isReleased })),
    };
  }
}
