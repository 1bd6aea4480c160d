// Deletion with undo: sessions go into the recorder's trash, which deletes them for good when their time is over.
//
// Owns which sessions are out of sight before the recorder's own lists say so, and what is told of all this. Never deletes anything by
// itself. Invariant: what the recorder did not take into the trash is in sight again.

import { api, because, type LifecycleEvent, type PurgeReceipt, type SessionSummary } from '../../lib/api';
import { bytes } from '../../lib/format/number';
import { moment } from '../../lib/format/time';
import { t } from '../../lib/i18n';
import { dismiss, onLive, toast } from '../../lib/stores';

export type Doomed = Pick<SessionSummary, 'session_id' | 'title' | 'message_count'>;

/** A notice stands no longer than this; the trash itself may keep things for days. */
const LONGEST_MS = 60_000;
const SHORTEST_MS = 3_000;
const RECEIPT_MS = 8_000;

let hidden = $state.raw<ReadonlySet<string>>(new Set());
/** Notices that offer undo, with what they are about. */
const undoable = new Map<number, Set<string>>();

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

/** Puts these sessions into the trash. `undone` is called when they are taken back from the notice. */
export async function throwAway(sessions: readonly Doomed[], undone?: () => void): Promise<void> {
  const ids = sessions.map((session) => session.session_id);
  hide(ids, true);
  const answer = await api.throwAway(ids);
  if (!answer.ok) {
    hide(ids, false);
    toast({
      tone: 'bad',
      title: t('sessions.delete.failed', { count: ids.length }),
      body: because(answer.error, t('error.away')),
    });
    return;
  }
  const { trashed, purge_at } = answer.value;
  // what the recorder does not know is gone already
  if (trashed.length === 0) return;
  const left = Date.parse(purge_at) - Date.now();
  const notice = toast({
    title: t('sessions.delete.gone', { count: trashed.length }),
    body: t('sessions.delete.until', { when: moment(purge_at) }),
    forMs: Math.min(Math.max(left, SHORTEST_MS), LONGEST_MS),
    act: { label: t('common.undo'), run: () => void restore(trashed).then((back) => back && undone?.()) },
  });
  undoable.set(notice, new Set(trashed));
}

/** These are not in the trash any more: a notice that has nothing left to undo goes. */
function settle(ids: readonly string[]): void {
  for (const [notice, left] of undoable) {
    for (const id of ids) left.delete(id);
    if (left.size > 0) continue;
    undoable.delete(notice);
    dismiss(notice);
  }
}

/** Takes sessions back out of the trash. */
export async function restore(ids: readonly string[]): Promise<boolean> {
  const answer = await api.restore(ids);
  const back = answer.ok ? answer.value.restored : [];
  hide(back, false);
  if (back.length > 0) toast({ tone: 'good', title: t('trash.restored', { count: back.length }) });
  else {
    const body = answer.ok ? t('trash.goneAlready') : because(answer.error, t('error.away'));
    toast({ tone: 'bad', title: t('trash.notRestored'), body });
  }
  return back.length > 0;
}

/** «84 messages, 12 tool calls, 1.3 MB». */
export function receiptText(receipt: Omit<PurgeReceipt, 'session_ids'>): string {
  return t('sessions.delete.receiptBody', {
    messages: t('sessions.messages', { count: receipt.messages }),
    calls: t('session.toolCalls', { count: receipt.tool_calls }),
    size: bytes(receipt.bytes),
  });
}

function hear(event: LifecycleEvent): void {
  if (event.kind === 'trashed') hide(event.session_ids, true);
  else if (event.kind === 'restored') {
    hide(event.session_ids, false);
    settle(event.session_ids);
  } else if (event.kind === 'deleted') {
    hide([event.session_id], false);
    settle([event.session_id]);
  }
  if (event.kind === 'purged' && event.reason !== 'retention' && event.receipt.sessions > 0)
    toast({
      tone: 'good',
      title: t('sessions.delete.receipt', { count: event.receipt.sessions }),
      body: receiptText(event.receipt),
      forMs: RECEIPT_MS,
    });
}

/** Follows what other windows throw away, and tells when something is gone for good. For as long as the page is open. */
export function startTrash(): () => void {
  return onLive({ event: (event) => event.type === 'lifecycle' && hear(event.event) });
}
