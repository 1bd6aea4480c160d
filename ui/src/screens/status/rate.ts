// Events per second over the last minutes, from the counter that each status carries.
//
// Pure. Invariant: a restart of the recorder (the counter begins anew) is a gap, never a negative number or a peak.

export interface Reading {
  /** When it was read, in milliseconds. */
  at: number;
  /** Which run of the recorder counted. */
  run: string;
  /** Events recorded by that run. */
  total: number;
}

export interface Rate {
  at: number;
  /** `null`: not known (the first reading of a run). */
  perSecond: number | null;
}

/** Readings closer than this are one: their quotient would be noise. */
const CLOSEST_MS = 500;

export class RateWindow {
  #rates: Rate[] = [];
  #last: Reading | null = null;

  constructor(private readonly spanMs: number) {}

  get rates(): readonly Rate[] {
    return this.#rates;
  }

  /** Takes a reading in; gives what is in the window now. */
  add(reading: Reading): readonly Rate[] {
    const last = this.#last;
    if (last !== null && reading.at - last.at < CLOSEST_MS) return this.#rates;
    this.#last = reading;
    this.#rates = [
      ...this.#rates.filter((rate) => rate.at > reading.at - this.spanMs),
      rateOf(last, reading),
    ];
    return this.#rates;
  }
}

function rateOf(last: Reading | null, now: Reading): Rate {
  const goesOn = last !== null && last.run === now.run && now.total >= last.total;
  const perSecond = goesOn ? (now.total - last.total) / ((now.at - last.at) / 1_000) : null;
  return { at: now.at, perSecond };
}

/** The highest rate, for the scale and for words. */
export function peak(rates: readonly Rate[]): number {
  return rates.reduce((most, rate) => Math.max(most, rate.perSecond ?? 0), 0);
}
