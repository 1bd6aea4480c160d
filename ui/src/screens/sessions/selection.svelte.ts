// Which sessions are chosen for doing something with all of them.

export class Selection {
  #chosen = $state.raw<ReadonlySet<string>>(new Set());
  #last: string | undefined;

  get size(): number {
    return this.#chosen.size;
  }

  has(id: string): boolean {
    return this.#chosen.has(id);
  }

  toggle(id: string): void {
    const next = new Set(this.#chosen);
    if (!next.delete(id)) next.add(id);
    this.#chosen = next;
    this.#last = id;
  }

  /** Everything between the one that was chosen last and this one. */
  reach(id: string, order: readonly string[]): void {
    const from = this.#last === undefined ? -1 : order.indexOf(this.#last);
    const to = order.indexOf(id);
    if (from < 0 || to < 0) return this.toggle(id);
    const next = new Set(this.#chosen);
    for (const name of order.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(name);
    this.#chosen = next;
    this.#last = id;
  }

  set(ids: Iterable<string>): void {
    this.#chosen = new Set(ids);
  }

  clear(): void {
    this.#chosen = new Set();
    this.#last = undefined;
  }
}
