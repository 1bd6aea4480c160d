// A notice as it is shown: shape, sentence, what it means, which sessions it is about.
//
// Pure: the translation is handed in. Invariant: a kind that this page does not know is shown by its name, never left out.

import type { Notice } from '../../lib/api';
import { clientName } from '../../lib/clients';
import type { Say } from '../recovery/words';

export type NoticeShape =
  'recording' | 'interrupted' | 'recovered' | 'paused' | 'not_recording' | 'damage' | 'deleted' | 'site';

export interface NoticeText {
  shape: NoticeShape;
  title: string;
  body: string | null;
  sessions: string[];
  /** The web page that was refused and may be allowed. */
  origin?: string;
}

/** The groups that one can narrow the list to. */
export const NOTICE_KINDS = {
  drops: ['dropped', 'interrupted'],
  returns: ['reconnected'],
  recoveries: ['recovered', 'recovery_at_start'],
  trouble: ['damage_found', 'recording_stopped', 'recording_resumed'],
  sites: ['origin_refused'],
  pauses: ['paused', 'resumed'],
  deletions: ['purged'],
} as const satisfies Record<string, readonly string[]>;

export type NoticeKind = keyof typeof NOTICE_KINDS;

export function noticeText(notice: Notice, say: Say, time: (at: string) => string): NoticeText {
  switch (notice.kind) {
    case 'dropped': {
      const client = clientName(notice.client) ?? say('status.notices.aClient');
      const body =
        notice.sessions.length > 0
          ? say('status.notices.dropped.body', { count: notice.sessions.length })
          : null;
      return {
        shape: 'interrupted',
        title: say('status.notices.dropped.title', { client }),
        body,
        sessions: notice.sessions,
      };
    }
    case 'interrupted':
      return about(
        'interrupted',
        say('status.notices.interrupted.title'),
        say(`reason.${notice.reason}`),
        notice.session_id,
      );
    case 'reconnected': {
      const replayed = say('status.notices.reconnected.replayed', { count: notice.replayed });
      const missing =
        notice.missing > 0
          ? say('status.notices.reconnected.missing', { count: notice.missing })
          : say('recovery.gain.whole');
      return about(
        'recording',
        say('status.notices.reconnected.title'),
        replayed + say('recovery.join') + missing,
        notice.session_id,
      );
    }
    case 'recovered': {
      const body = [say('status.notices.recovered.messages', { count: notice.messages })];
      if (notice.incomplete > 0)
        body.push(say('status.notices.recovered.incomplete', { count: notice.incomplete }));
      const title = say('status.notices.recovered.title', { count: notice.sessions });
      return { shape: 'recovered', title, body: body.join(' · '), sessions: notice.session_ids };
    }
    case 'recovery_at_start':
      return atStart(notice, say);
    case 'damage_found':
      return { shape: 'damage', title: say('status.notices.damage.title'), body: notice.what, sessions: [] };
    case 'recording_stopped':
      return {
        shape: 'not_recording',
        title: say(`status.notices.stopped.${notice.reason}`),
        body: notice.message,
        sessions: [],
      };
    case 'recording_resumed': {
      const body = say('status.notices.resumed.body', { time: time(notice.stopped_at) });
      return { shape: 'recording', title: say('status.notices.resumed.title'), body, sessions: [] };
    }
    case 'paused': {
      const until = notice.until ?? null;
      const body =
        until === null
          ? say('status.notices.paused.open')
          : say('status.notices.paused.until', { time: time(until) });
      return { shape: 'paused', title: say('status.notices.paused.title'), body, sessions: [] };
    }
    case 'resumed':
      return { shape: 'recording', title: say('status.notices.unpaused.title'), body: null, sessions: [] };
    case 'purged':
      return {
        shape: 'deleted',
        title: say('status.notices.purged.title', {
          count: notice.receipt.sessions,
          messages: say('sessions.messages', { count: notice.receipt.messages }),
        }),
        body: say(`status.notices.purged.${notice.reason}`),
        sessions: [],
      };
    case 'origin_refused': {
      const { origin } = notice;
      const title = say('status.notices.origin.title', { origin });
      return { shape: 'site', title, body: say('status.notices.origin.body'), sessions: [], origin };
    }
    // these are not kept as notices; a newer recorder may have others
    case 'started':
    case 'connected':
    case 'completed':
    case 'deleted':
    case 'trashed':
    case 'restored':
    default:
      return { shape: 'recording', title: notice.kind, body: null, sessions: [] };
  }
}

type AtStart = Extract<Notice, { kind: 'recovery_at_start' }>;

function atStart(notice: AtStart, say: Say): NoticeText {
  const body = [say(notice.clean_stop ? 'status.notices.start.clean' : 'status.notices.start.unclean')];
  if (notice.replayed_records > 0)
    body.push(say('status.notices.start.replayed', { count: notice.replayed_records }));
  if (notice.damaged > 0) body.push(say('status.notices.start.damaged', { count: notice.damaged }));
  const found = notice.interrupted > 0;
  const title = found
    ? say('status.notices.start.interrupted', { count: notice.interrupted })
    : say('status.notices.start.title');
  return { shape: found ? 'interrupted' : 'recording', title, body: body.join(' · '), sessions: [] };
}

function about(shape: NoticeShape, title: string, body: string, session: string): NoticeText {
  return { shape, title, body, sessions: [session] };
}
