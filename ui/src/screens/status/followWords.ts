// How the following of editors' files stands, in one line.
//
// Pure but for the language. Never asks: what is told comes from the recorder's status.

import type { FollowStatus } from '../../lib/api';
import { t } from '../../lib/i18n';

/** «Editors’ files: followed, 2 sessions being written». `left` are the sessions that are still to be imported. */
export function followText(follow: FollowStatus, left: number): string {
  const { state, live } = follow;
  if (state === 'off') return t('status.follow.off');
  const first =
    state === 'importing' ? t('status.follow.importing', { count: left }) : t(`status.follow.${state}`);
  return live > 0 ? `${first}${t('status.follow.join')}${t('status.follow.live', { count: live })}` : first;
}

/** What is wrong with it, in the recorder's words; '' where nothing is. */
export function followProblem(follow: FollowStatus): string {
  const why = follow.state === 'off' ? null : follow.problem;
  return why ? t('status.follow.problem', { why }) : '';
}
