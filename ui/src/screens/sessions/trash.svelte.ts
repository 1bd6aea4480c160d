// Deletion with undo: sessions go out of sight at once and are deleted for good when the time for undo is over.
//
// Owns which sessions wait for that. Until then nothing is asked of the recorder; leaving the page does it at once.

import { api, type SessionSummary } from '../../lib/api';
import { t } from '../../lib/i18n';
import { toast } from '../../lib/stores';

export type Doomed = Pick<SessionSummary, 'session_id' | 'title' | 'message_count' | 'event_count'>;

const UNDO_MS = 10_000;

let hidden = $state.raw<ReadonlySet<string>>(new Set());
const waiting = new Map<ReturnType<typeof setTimeout>, Doomed[]>();

export const trash = {
  has(id: string): boolean {
    return hidden.has(id);
  },
  get size(): number {
    return hidden.size;
  },
};

function hide(ids: readonly string[], gone: boolean): void {
  const next = new Set(hidden);
  for (const id of ids) {
    if (gone) next.add(id);
    else next.delete(id);
  }
  hidden = next;
}

/** Takes these sessions out of sight and deletes them after some seconds. */
export function throwAway(sessions: readonly Doomed[], undone?: () => void): void {
  const list = [...sessions];
  const ids = list.map((session) => session.session_id);
  hide(ids, true);
  const timer = setTimeout(() => {
    waiting.delete(timer);
    void purge(list);
  }, UNDO_MS);
  waiting.set(timer, list);
  toast({
    title: t('sessions.delete.gone', { count: list.length }),
    body: t('sessions.delete.stillUndo'),
    forMs: UNDO_MS,
    act: {
      label: t('common.undo'),
      run: () => {
        clearTimeout(timer);
        waiting.delete(timer);
        hide(ids, false);
        undone?.();
      },
    },
  });
}

async function purge(list: readonly Doomed[]): Promise<void> {
  let [messages, events, done] = [0, 0, 0];
  for (const session of list) {
    const answer = await api.deleteSession(session.session_id);
    const gone = answer.ok || (answer.error.kind === 'refused' && answer.error.status === 404);
    if (!gone) {
      hide(
        list.slice(done).map((rest) => rest.session_id),
        false,
      );
      const why = answer.error.kind === 'refused' ? answer.error.message : t('error.away');
      toast({ tone: 'bad', title: t('sessions.delete.failed', { count: list.length - done }), body: why });
      return;
    }
    done += 1;
    messages += session.message_count;
    events += session.event_count;
  }
  toast({
    tone: 'good',
    title: t('sessions.delete.receipt', { count: list.length }),
    body: t('sessions.delete.receiptBody', { messages, events }),
    forMs: 8_000,
  });
}

window.addEventListener('pagehide', () => {
  for (const [timer, list] of waiting) {
    clearTimeout(timer);
    for (const session of list) void api.deleteSession(session.session_id, true);
  }
  waiting.clear();
});
