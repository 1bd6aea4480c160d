// What the list is narrowed to, and how that stands in the address.
//
// Pure. Invariant: reading what was written gives the same filters; a word that the address does not know is left out.

import type { SessionQuery, SessionSort, State } from '../../lib/api';

export const STATES: readonly State[] = ['recording', 'interrupted', 'recovered', 'completed'];
export const SORTS: readonly SessionSort[] = ['recent', 'oldest', 'started', 'title', 'messages'];
export const SPANS = ['today', 'yesterday', '7d', '30d'] as const;
export type NamedSpan = (typeof SPANS)[number];

export interface Filters {
  q: string;
  state?: State | undefined;
  provider?: string | undefined;
  editor?: string | undefined;
  workspace?: string | undefined;
  model?: string | undefined;
  tag?: string | undefined;
  starred: boolean;
  /** A named span, or `2026-01-01..2026-01-31`, either side of which may be empty. */
  when?: string | undefined;
  sort: SessionSort;
}

/** The filters that hold one of many values. */
export const CHOICES = ['provider', 'editor', 'workspace', 'model', 'tag'] as const;
export type ChoiceName = (typeof CHOICES)[number];

/** Nothing is narrowed; the order stays as it is. */
export const NO_FILTERS: Partial<Filters> = {
  q: '',
  state: undefined,
  provider: undefined,
  editor: undefined,
  workspace: undefined,
  model: undefined,
  tag: undefined,
  starred: false,
  when: undefined,
};

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export function readFilters(query: URLSearchParams): Filters {
  const text = (name: string): string | undefined => query.get(name)?.slice(0, 500) || undefined;
  const when = text('when');
  return {
    q: text('q') ?? '',
    state: STATES.find((state) => state === query.get('state')),
    provider: text('provider'),
    editor: text('editor'),
    workspace: text('workspace'),
    model: text('model'),
    tag: text('tag'),
    starred: query.get('starred') === '1',
    when: when !== undefined && (isNamed(when) || days(when)) ? when : undefined,
    sort: SORTS.find((sort) => sort === query.get('sort')) ?? 'recent',
  };
}

/** As they stand in the address: nothing for what is not set. */
export function writeFilters(filters: Filters): Record<string, string | undefined> {
  return {
    q: filters.q || undefined,
    state: filters.state,
    provider: filters.provider,
    editor: filters.editor,
    workspace: filters.workspace,
    model: filters.model,
    tag: filters.tag,
    starred: filters.starred ? '1' : undefined,
    when: filters.when,
    sort: filters.sort === 'recent' ? undefined : filters.sort,
  };
}

export function isNarrowed(filters: Filters): boolean {
  const { sort, ...rest } = writeFilters(filters);
  return Object.values(rest).some((value) => value !== undefined);
}

export function isNamed(when: string): when is NamedSpan {
  return SPANS.some((span) => span === when);
}

/** The two days of a span of one's own; undefined where it is none. */
export function days(when: string): { from: string; to: string } | undefined {
  const [from = '', to = '', ...more] = when.split('..');
  if (!when.includes('..') || more.length > 0 || (from === '' && to === '')) return undefined;
  const good = (day: string): boolean => day === '' || (DAY.test(day) && !Number.isNaN(Date.parse(day)));
  return good(from) && good(to) ? { from, to } : undefined;
}

/** What the recorder is asked. */
export function toQuery(filters: Filters, now: number): SessionQuery {
  const query: SessionQuery = {
    state: filters.state ?? 'all',
    sort: filters.sort,
    ...bounds(filters.when, now),
  };
  if (filters.q.trim() !== '') query.q = filters.q.trim();
  for (const name of CHOICES) {
    const value = filters[name];
    if (value !== undefined) query[name] = value;
  }
  if (filters.starred) query.starred = true;
  return query;
}

function bounds(when: string | undefined, now: number): { since?: string; until?: string } {
  if (when === undefined) return {};
  if (!isNamed(when)) {
    const own = days(when);
    const found: { since?: string; until?: string } = {};
    if (own?.from) found.since = midnight(own.from, 0);
    if (own?.to) found.until = midnight(own.to, 1);
    return found;
  }
  switch (when) {
    case 'today':
      return { since: back(now, 0) };
    case 'yesterday':
      return { since: back(now, 1), until: back(now, 0) };
    case '7d':
      return { since: back(now, 6) };
    case '30d':
      return { since: back(now, 29) };
  }
}

/** The beginning of the reader's day so many days ago. */
function back(now: number, count: number): string {
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - count);
  return day.toISOString();
}

function midnight(day: string, plus: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date + plus).toISOString();
}
