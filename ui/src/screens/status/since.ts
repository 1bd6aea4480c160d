// Since when the recorder is in the state that it is in.
//
// Pure. The server's own word counts, where it has one; else the newest notice that changed the state, else the start.

import type { Notice, Status } from '../../lib/api';

const BEGINS: Record<Status['status'], readonly string[]> = {
  recording: ['recording_resumed', 'resumed'],
  paused: ['paused'],
  degraded: ['recording_stopped'],
};

/** An RFC 3339 time; `notices` newest first. */
export function stateSince(status: Status, notices: readonly Notice[]): string {
  const told = 'since' in status && typeof status.since === 'string' ? status.since : null;
  if (told !== null) return told;
  const begin = notices.find((notice) => BEGINS[status.status].includes(notice.kind));
  // a notice of an earlier run says nothing about this one, but a pause or a full disk may outlast it
  const counts = begin !== undefined && (status.status !== 'recording' || begin.at >= status.started_at);
  return counts ? begin.at : status.started_at;
}
