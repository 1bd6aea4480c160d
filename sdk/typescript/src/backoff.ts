// How long one waits before the next attempt.
//
// Owns the number of attempts that failed. A part of each wait is chance, so that many clients of a recorder that comes back do not
// all knock at once; it is never longer than `most`.

export class Backoff {
  #failed = 0;

  constructor(
    private readonly first = 250,
    private readonly most = 5_000,
    private readonly chance: () => number = Math.random,
  ) {}

  /** Nothing failed since the last success. */
  get isFresh(): boolean {
    return this.#failed === 0;
  }

  next(): number {
    const whole = Math.min(this.most, this.first * 2 ** Math.min(this.#failed, 30));
    this.#failed += 1;
    return whole / 2 + (whole / 2) * this.chance();
  }

  reset(): void {
    this.#failed = 0;
  }
}
