// One recorder with something of everything, for looking at every screen.
//
// Owns what is in it: sessions in each state, a client that is there, one that dropped, a report, notices. Texts are made up.

import type { ChatEvent } from './api';
import { Client } from './client';
import { QUICK, Recorder } from './recorder';
import { BORROW, CSV, FLAKY, MIGRATE, NOTES, SQL, tell, UNICODE } from './stories';
import { until } from './wait';

export interface Scene {
  recorder: Recorder;
  client: Client;
  end(): Promise<void>;
}

const MINUTE = 60_000;

const OLD = {
  ...BORROW,
  id: 'thrown-away',
  title: 'Try out three date libraries',
  workspace: '/home/ada/code/atlas',
};
const DRAFT = { ...NOTES, id: 'draft', title: 'Draft of the newsletter' };

export async function scene(): Promise<Scene> {
  const recorder = await Recorder.start({ config: `${QUICK}[trash]\nkeep_secs = 86400\n` });
  const { api } = recorder;
  const now = Date.now();
  await api.record(tell(SQL, now - 95 * MINUTE));
  await api.record(tell(CSV, now - 70 * MINUTE, true).filter((event) => event.seq !== 4));
  await api.record(tell(MIGRATE, now - 50 * MINUTE));
  await api.record(tell(BORROW, now - 26 * 60 * MINUTE));
  await api.record(tell(NOTES, now - 28 * 60 * MINUTE));
  await api.record(tell(UNICODE, now - 50 * 60 * MINUTE));
  await api.json('POST', '/api/recording/snapshot', {
    session_id: MIGRATE.id,
    snapshot: {
      messages: [
        ...MIGRATE.told
          .filter(([type, data]) => type === 'message' && data['partial'] !== true)
          .map(([, data]) => ({ role: data['role'], content: data['content'] })),
        { role: 'user', content: 'And where it cannot be parsed at all?' },
        { role: 'assistant', content: 'Then the old settings stay in force, and the error names the line.' },
      ],
    },
  });
  await recorder.kill();
  await recorder.restart();
  await api.json('POST', '/api/recording/recovery', { session_ids: [SQL.id] });
  await api.change(BORROW.id, { starred: true, tags: ['rust', 'learning'] });
  await api.record([...tell(OLD, now - 40 * MINUTE), ...tell(DRAFT, now - 30 * MINUTE)]);
  await api.trash(OLD.id);
  await api.trash(DRAFT.id);

  // a session that dropped and came back, and goes on now
  const events = tell(FLAKY, now, true).filter((event) => event.event_type !== 'session_end');
  const cut = events.findIndex((event) => event.event_type === 'compaction');
  const long = Date.parse(events[cut - 1]?.timestamp ?? '') - now;
  const moved = (event: ChatEvent, at: number): ChatEvent => ({
    ...event,
    timestamp: new Date(at).toISOString(),
  });
  let client = await Client.connect(recorder.address, 'claude-code/2.1.0', [FLAKY.id]);
  await client.send(
    ...events.slice(0, cut).map((event) => moved(event, Date.parse(event.timestamp ?? '') - long)),
  );
  await client.drop();
  await until(async () => (await api.session(FLAKY.id)).state === 'interrupted', 'the drop to be noticed');
  // what the editor did meanwhile comes with its own times
  const since = Date.parse((await api.session(FLAKY.id)).interruptions.at(-1)?.since ?? '');
  client = await Client.connect(recorder.address, 'claude-code/2.1.0', [FLAKY.id]);
  const [first, second, ...rest] = events.slice(cut);
  if (!first || !second) throw new Error('the story is too short');
  await client.send(moved(first, since + 20), moved(second, since + 40));
  await until(async () => (await api.session(FLAKY.id)).state === 'recording', 'the session to go on');
  const back = Date.now();
  await client.send(...rest.map((event, n) => moved(event, back + 20 + n)));
  await api.change(FLAKY.id, { starred: true });
  const held = client;
  return {
    recorder,
    client,
    end: async () => {
      await held.close();
      await recorder.end();
    },
  };
}

/** Every screen, where it is, and what shows that it is there. */
export const SCREENS = [
  { name: 'sessions', hash: '#/', ready: '.row' },
  { name: 'search', hash: '#/?q=reset', ready: '.hit mark' },
  { name: 'session', hash: `#/session/${FLAKY.id}`, ready: '.entry .markdown' },
  { name: 'trash', hash: '#/trash', ready: 'main li .until' },
  { name: 'recovery', hash: '#/recovery', ready: 'article' },
  { name: 'status', hash: '#/status', ready: '.notice' },
  { name: 'settings', hash: '#/settings', ready: '#settings-limits input' },
  { name: 'welcome', hash: '#/welcome', ready: '.welcome footer button' },
] as const;
