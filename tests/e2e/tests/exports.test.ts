// Exports, as downloaded and read back: nothing lacks, and a page made of a session is harmless.

import { afterAll, beforeAll, expect } from 'vitest';
import { download, type Downloaded } from '../src/files';
import { Recorder } from '../src/recorder';
import { BORROW, FLAKY, tell, UNICODE } from '../src/stories';
import { seen, test, type Visit } from '../src/visit';

let recorder: Recorder;
beforeAll(async () => {
  recorder = await Recorder.start();
  for (const story of [FLAKY, BORROW, UNICODE]) await recorder.api.record(tell(story));
});
afterAll(() => recorder.end());

async function exported(v: Visit, format: string): Promise<Downloaded> {
  await v.page.locator('.session header').getByRole('button', { name: 'Export' }).click();
  const file = await download(v.page, () =>
    v.page.getByRole('menuitem', { name: format, exact: true }).click(),
  );
  await seen(v.toasts.getByText('1 session exported'));
  return file;
}

test('JSON has every message and tool call, as the recorder has them', async ({ open }) => {
  const v = await open(recorder, `#/session/${FLAKY.id}`);
  const file = await exported(v, 'JSON');
  expect(file.name).toMatch(/\.json$/);
  const read = JSON.parse(file.text) as { messages: unknown[]; tool_calls: unknown[] };
  const kept = await recorder.api.session(FLAKY.id);
  expect(kept.messages).toHaveLength(5);
  expect(read.messages).toEqual(kept.messages);
  expect(read.tool_calls).toEqual(kept.tool_calls);
});

test('JSON Lines has every event, each on a line that can be sent again', async ({ open }) => {
  const v = await open(recorder, `#/session/${FLAKY.id}`);
  const file = await exported(v, 'JSON Lines, events as received');
  const lines = file.text.trimEnd().split('\n');
  const sent = tell(FLAKY);
  expect(lines).toHaveLength(sent.length);
  const events = lines.map((line) => JSON.parse(line) as { event_type: string; session_id: string });
  expect(events.map((event) => event.event_type)).toEqual(sent.map((event) => event.event_type));
  const other = await Recorder.start();
  try {
    await other.api.record(events);
    expect((await other.api.session(FLAKY.id)).message_count).toBe(5);
  } finally {
    await other.end();
  }
});

test('Markdown has the text, in order', async ({ open }) => {
  const v = await open(recorder, `#/session/${FLAKY.id}`);
  const file = await exported(v, 'Markdown');
  expect(file.name).toMatch(/\.md$/);
  const places = [
    FLAKY.title,
    'why does it hang when the peer resets?',
    'tokio::select!',
    'run the test a hundred times',
    'All hundred runs pass',
  ].map((text) => file.text.indexOf(text));
  expect(places.every((place) => place >= 0)).toBe(true);
  expect(places).toEqual([...places].sort((a, b) => a - b));
});

test('HTML is one page, with the text and nothing that runs or loads', async ({ open }) => {
  const v = await open(recorder, `#/session/${FLAKY.id}`);
  const file = await exported(v, 'HTML page');
  expect(file.name).toMatch(/\.html$/);
  expect(file.text).toContain('why does it hang when the peer resets?');
  expect(file.text).toContain('All hundred runs pass');
  expect(file.text).not.toMatch(/<script|<iframe|<img|<link|@import|\son\w+=/i);
});

test('names of files keep the title, in every script, and no path', async ({ open }) => {
  await recorder.api.record([
    { session_id: 'path', event_type: 'session_start', data: { title: '../../etc/passwd\\x' } },
    { session_id: 'path', event_type: 'message', data: { role: 'user', content: 'a' } },
  ]);
  const v = await open(recorder, `#/session/${UNICODE.id}`);
  expect((await exported(v, 'Markdown')).name).toMatch(/^解释.*\.md$/);
  const other = await open(recorder, '#/session/path');
  const { name } = await exported(other, 'Markdown');
  expect(name).toMatch(/passwd.*\.md$/);
  expect(name).not.toMatch(/[/\\]|^\./);
});
