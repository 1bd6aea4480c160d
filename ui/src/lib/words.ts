// Words for what the recorder names by codes.
//
// Owns which text belongs to which code, so that every screen says the same.

import type { InterruptionReason, Origin, Status } from './api/types';
import { bytes } from './format/number';
import { t } from './i18n';

export function reasonText(reason: InterruptionReason): string {
  return t(`reason.${reason}`);
}

export function originText(origin: Origin): string {
  return t(`origin.${origin}`);
}

/** Problems that there are words for in every language. */
const PROBLEMS = ['disk_full', 'sync_failed', 'database_failed', 'stopping'] as const;

/** What is wrong and what to do; the recorder's own sentence where this page has none. */
export function problemText(status: Pick<Status, 'problem' | 'problem_code' | 'problem_values'>): string {
  const code = PROBLEMS.find((one) => one === status.problem_code);
  if (code === undefined) return status.problem ?? '';
  const {
    free_bytes: free,
    needed_bytes: needed,
    restart_needed: restart,
    detail,
  } = status.problem_values ?? {};
  const parts = [t(`problem.${code}`)];
  if (typeof free === 'number' && typeof needed === 'number')
    parts.push(t('problem.room', { free: bytes(free), needed: bytes(needed) }));
  // in the words of the system, which are what one searches for
  else if (typeof detail === 'string') parts.push(`(${detail})`);
  if (code === 'sync_failed') parts.push(t(restart === true ? 'problem.restart' : 'problem.goesOn'));
  return parts.join(' ');
}
