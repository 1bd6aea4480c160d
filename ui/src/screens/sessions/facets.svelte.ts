// Which values the filters can offer, with how many sessions each finds under the other filters.
//
// Owns the last answer. Asks only when somebody opens a filter, and once for the same filters.

import { api, type FacetCount, type FacetName } from '../../lib/api';
import { toQuery, writeFilters, type ChoiceName, type Filters } from './filters';

const FACET: Record<ChoiceName | 'state', FacetName> = {
  state: 'states',
  provider: 'providers',
  editor: 'editors',
  workspace: 'workspaces',
  model: 'models',
  tag: 'tags',
};
/** What was counted longer ago is counted again. */
const FRESH_MS = 5_000;

export class FacetCounts {
  #counts = $state.raw<Partial<Record<FacetName, readonly FacetCount[]>>>({});
  #asked = '';
  #at = 0;
  #stop = new AbortController();

  of(name: ChoiceName | 'state'): readonly FacetCount[] {
    return this.#counts[FACET[name]] ?? [];
  }

  /** How many sessions a state has; undefined: not known. */
  count(name: ChoiceName | 'state', value: string): number | undefined {
    const known = this.#counts[FACET[name]];
    return known && (known.find((one) => one.value === value)?.count ?? 0);
  }

  async want(filters: Filters): Promise<void> {
    const { sort, ...narrow } = writeFilters(filters);
    const key = JSON.stringify(narrow);
    if (key === this.#asked && Date.now() - this.#at < FRESH_MS) return;
    this.#stop.abort();
    this.#stop = new AbortController();
    [this.#asked, this.#at] = [key, Date.now()];
    const { sort: order, ...query } = toQuery(filters, Date.now());
    const answer = await api.facets(query, this.#stop.signal);
    if (answer.ok) this.#counts = answer.value;
    else if (answer.error.kind !== 'aborted') this.#asked = '';
  }
}
