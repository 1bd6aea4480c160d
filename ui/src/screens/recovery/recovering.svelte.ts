// A recovery under way: which sessions, how far, what came of it.
//
// Owns the asking. Lives beyond the screen, so that leaving it stops nothing and the palette can start it too. Invariant: one recovery at
// a time, and a session that was recovered stays recovered whatever happens to the rest.

import { api, type ApiError, type RecoveredSession, type RecoveryReport } from '../../lib/api';
import { t } from '../../lib/i18n';
import { onLive, refreshStatus, toast } from '../../lib/stores';
import { isWhole, reached } from './outcome';

interface Running {
  ids: readonly string[];
  done: number;
}

let running = $state.raw<Running | undefined>();
let recovered = $state.raw<readonly RecoveredSession[]>([]);
let skipped = $state.raw<RecoveryReport['skipped']>([]);
let error = $state.raw<ApiError | undefined>();

export const recovering = {
  get running(): Running | undefined {
    return running;
  },
  /** What the last recovery gave, until the next one or `forget`. */
  get recovered(): readonly RecoveredSession[] {
    return recovered;
  },
  get skipped(): RecoveryReport['skipped'] {
    return skipped;
  },
  /** Why it stopped before the end. */
  get error(): ApiError | undefined {
    return error;
  },
  has(id: string): boolean {
    return running?.ids.includes(id) ?? false;
  },
  forget(): void {
    recovered = [];
    skipped = [];
    error = undefined;
  },
};

/** Recovers these sessions. */
export async function recover(ids: readonly string[]): Promise<void> {
  if (running !== undefined || ids.length === 0) return;
  recovering.forget();
  running = { ids, done: 0 };
  const forget = onLive({
    event: (event) => {
      if (event.type === 'progress' && event.operation === 'recovery') running = { ids, done: event.done };
    },
  });
  const answer = await api.recover(ids);
  forget();
  if (answer.ok) ({ recovered, skipped } = answer.value);
  else error = answer.error;
  running = undefined;
  tell();
  void refreshStatus();
}

/** Recovers all that is interrupted now. */
export async function recoverAll(): Promise<void> {
  const overview = await api.recovery(false);
  if (overview.ok) await recover(overview.value.interrupted.map((one) => one.session_id));
  else error = overview.error;
}

function tell(): void {
  if (recovered.length > 0)
    toast({ title: t('recovery.done.title', { count: recovered.length }), body: soWhat(), tone: 'good' });
}

/** «nothing missing», or how many are incomplete. */
export function soWhat(): string {
  const incomplete = recovered.filter((one) => !isWhole(reached(one))).length;
  return incomplete === 0 ? t('recovery.done.whole') : t('recovery.done.incomplete', { count: incomplete });
}
