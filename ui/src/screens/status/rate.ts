// Events per second over the last minutes, from the counts that the recorder keeps.
//
// Pure. Invariant: the points stand as far apart as the recorder's steps, oldest first, the last one at its `until`.

import type { Rates } from '../../lib/api';

export interface Rate {
  at: number;
  perSecond: number;
}

export function perSecond(counts: readonly number[], answer: Pick<Rates, 'step_secs' | 'until'>): Rate[] {
  const until = Date.parse(answer.until);
  const step = Math.max(answer.step_secs, 1);
  return counts.map((count, index) => ({
    at: until - (counts.length - 1 - index) * step * 1_000,
    perSecond: count / step,
  }));
}

/** The highest rate, for the scale and for words. */
export function peak(rates: readonly Rate[]): number {
  return rates.reduce((most, rate) => Math.max(most, rate.perSecond), 0);
}
