// What the recorder has of a chat.

import type { Detail } from '../../../../../tests/e2e/src/api';
import type { Recorder } from '../../../../../tests/e2e/src/recorder';
import { until } from '../../../../../tests/e2e/src/wait';

export interface Recorded extends Detail {
  /** A connection carries it right now. */
  live: boolean;
  workspace?: string | null;
  missing: [number, number][];
  messages: (Detail['messages'][number] & { message_id?: string | null })[];
  tool_calls: (Detail['tool_calls'][number] & { finished: boolean })[];
}

export interface StoredEvent {
  event_id: string;
  event_type: string;
  data: unknown;
}

/** The first session that has a message with this text, as soon as there is one. */
export function sessionWith(recorder: Recorder, text: string): Promise<Recorded> {
  return until(
    async () => {
      const { sessions } = await recorder.api.list();
      for (const { session_id } of sessions) {
        const session = (await recorder.api.session(session_id)) as Recorded;
        if (said(session).some((message) => message.includes(text))) return session;
      }
      return undefined;
    },
    `a session with «${text}»`,
    60_000,
  );
}

/** Each message as `role: content`. */
export function said({ messages }: Detail): string[] {
  return messages.map(({ role, content }) => `${role}: ${JSON.stringify(content)}`);
}

export async function events(recorder: Recorder, session: string): Promise<StoredEvent[]> {
  const page = await recorder.api.json<{ events: { event: StoredEvent }[] }>(
    'GET',
    `/api/recording/sessions/${encodeURIComponent(session)}/events?limit=1000`,
  );
  return page.events.map(({ event }) => event);
}
