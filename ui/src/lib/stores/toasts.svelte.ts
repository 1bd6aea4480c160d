// Short notices at the foot of the page, and what screen readers are told.
//
// Owns the list of notices on show. A notice with an act (undo) stays until its time is over; the act runs at most once.

export interface Toast {
  id: number;
  tone: 'plain' | 'good' | 'bad';
  title: string;
  /** So what. */
  body?: string;
  act?: { label: string; run: () => void };
  /** When it goes, in milliseconds since the epoch; for the line that shows the time left. */
  until: number;
}

const PLAIN_MS = 5_000;
const BAD_MS = 12_000;

let list = $state.raw<Toast[]>([]);
let said = $state('');
let last = 0;

export const toasts = {
  get list(): Toast[] {
    return list;
  },
  /** What the live region says. */
  get said(): string {
    return said;
  },
};

export function toast(
  notice: Pick<Toast, 'title'> & Partial<Omit<Toast, 'id' | 'until'>> & { forMs?: number },
): number {
  const { forMs, ...rest } = notice;
  const tone = rest.tone ?? 'plain';
  const time = forMs ?? (tone === 'bad' ? BAD_MS : PLAIN_MS);
  const id = ++last;
  list = [...list.slice(-3), { ...rest, tone, id, until: Date.now() + time }];
  say([rest.title, rest.body].filter(Boolean).join(' '));
  setTimeout(() => dismiss(id), time);
  return id;
}

export function dismiss(id: number): void {
  list = list.filter((item) => item.id !== id);
}

/** Tells screen readers something that is seen elsewhere. */
export function say(text: string): void {
  said = said === text ? `${text}\u00a0` : text;
}
