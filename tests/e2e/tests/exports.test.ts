// Exports, as downloaded and read back: nothing lacks, and a page made of a session is harmless.

import { unzipSync, strFromU8 } from 'fflate';
import { afterAll, beforeAll, expect } from 'vitest';
import { download, type Downloaded } from '../src/files';
import { Recorder } from '../src/recorder';
import { BORROW, FLAKY, NOTES, tell, UNICODE } from '../src/stories';
import { seen, test, type Visit } from '../src/visit';

/** Called like another. */
const NAMESAKE = { ...FLAKY, id: 'flaky-again' };
const TWIN = { ...NOTES, title: 'Release notes' };

let recorder: Recorder;
beforeAll(async () => {
  recorder = await Recorder.start();
  for (const story of [FLAKY, BORROW, UNICODE, TWIN, NAMESAKE]) await recorder.api.record(tell(story));
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

/** Chooses these in the list and exports them together. */
async function together(v: Visit, titles: string[], format: string): Promise<Downloaded> {
  for (const title of new Set(titles)) {
    const boxes = v.page.getByRole('checkbox', { name: `Select ${title}` });
    await seen(v.page.locator('.row', { hasText: title }));
    for (const box of await boxes.all()) await box.click({ force: true });
  }
  await seen(v.page.getByText(`${titles.length} selected`));
  await v.page.getByRole('toolbar').getByRole('button', { name: 'Export' }).click();
  const file = await download(v.page, () =>
    v.page.getByRole('menuitem', { name: format, exact: true }).click(),
  );
  await seen(v.toasts.getByText(`${titles.length} sessions exported`));
  return file;
}

test.for([
  { format: 'Markdown', end: '.md' },
  { format: 'HTML page', end: '.html' },
  { format: 'JSON', end: '.json' },
  { format: 'JSON Lines, events as received', end: '.jsonl' },
])('several are one zip, each a file of its own: $format', async ({ format, end }, { open }) => {
  const v = await open(recorder);
  const titles = [FLAKY.title, TWIN.title, UNICODE.title];
  const file = await together(v, [...titles, FLAKY.title], format);
  expect(file.name).toMatch(/\.zip$/);
  const entries = Object.entries(unzipSync(file.bytes)).map(([name, bytes]) => [name, strFromU8(bytes)]);
  // two of them are called the same
  expect(entries).toHaveLength(4);
  for (const [name = ''] of entries) {
    expect(name).toMatch(new RegExp(`^[^/\\\\]+\\${end}$`));
    expect(name).not.toMatch(/^\.|\.\./);
  }
  const having = (text: string) => entries.filter(([, read]) => read?.includes(text)).length;
  // each has its own text, none has another's
  expect(having('All hundred runs pass')).toBe(2);
  expect(having('macOS 使用分解形式')).toBe(1);
  expect(having('exclusive')).toBe(0);
  for (const story of [FLAKY, TWIN, UNICODE]) {
    const kind = { '.md': 'markdown', '.html': 'html', '.json': 'json', '.jsonl': 'jsonl' }[end] ?? '';
    const alone = await recorder.api.ask(
      'GET',
      `/api/recording/sessions/${encodeURIComponent(story.id)}/export?format=${kind}`,
    );
    const text = await alone.text();
    const same = (read = ''): boolean => withoutMoment(read) === withoutMoment(text);
    expect(entries.filter(([, read]) => same(read)).map(([name]) => name)).toHaveLength(1);
  }
});

/** An export says when it was made. */
function withoutMoment(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z| UTC)?/g, '');
}

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
