// A hundred thousand sessions, as a few years of daily work would leave them, and two very long ones.
//
// Owns what they are like and the folder that keeps them between runs: making them takes minutes, copying them a second. The same seed
// gives the same sessions. Invariant: a kept folder was made by this text and by this recorder's database schema.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChatEvent } from './api';
import { Dice } from './dice';
import { CACHE, ROOT } from './places';
import { Recorder } from './recorder';

export const MANY = 100_000;
/** Sessions that the last run left unfinished. */
export const INTERRUPTED = 240;
export const STARRED = 60;
export const TAGGED = 40;
/** A word that stands in exactly one message of all. */
export const NEEDLE = 'quokkasextant';
export const LONG = { id: 'long-5000', messages: 5_000 };
export const LONGEST = { id: 'long-50000', entries: 50_000 };

const VERBS = [
  'Fix',
  'Explain',
  'Refactor',
  'Review',
  'Test',
  'Speed up',
  'Migrate',
  'Document',
  'Debug',
  'Sketch',
];
const THINGS = [
  'the flaky websocket test', 'the borrow checker error', 'settings to TOML', 'the login form', 'a slow SQL query',
  'the retry loop', 'the CSV importer', 'keyboard focus in the dialog', 'the release script', 'the date parser',
  'pagination of the API', 'a memory leak', 'the Docker image', 'the color contrast', 'unicode file names',
]; // prettier-ignore
const PLACES = ['chasm', 'recorder', 'website', 'billing', 'atlas', 'pipeline', 'notes', 'firmware'];
const EDITORS = [
  { editor: 'claude-code', provider: 'anthropic', models: ['claude-opus-4', 'claude-sonnet-4'] },
  { editor: 'vscode', provider: 'copilot', models: ['gpt-5', 'claude-sonnet-4'] },
  { editor: 'cursor', provider: 'openai', models: ['gpt-5', 'gpt-5-mini'] },
  { editor: 'gemini-cli', provider: 'google', models: ['gemini-3-pro'] },
];
const WORDS = (
  'why does it hang when the peer resets the connection and how would you find out which of the tasks still holds the lock ' +
  'because the reader never sees the close frame so the buffer grows until the timeout fires please add a test that fails first ' +
  'then keep the change small run everything again look at the log before you guess the value is read twice and written once ' +
  'größe naïve 日志 данные parser index cache socket thread queue schema cursor token branch commit deadline fixture snapshot'
).split(' ');

/** The last moment of the generated past. */
const END = Date.UTC(2025, 5, 30, 18);
const MINUTE = 60_000;

function sentence(dice: Dice, words: number): string {
  return Array.from({ length: words }, () => dice.one(WORDS)).join(' ');
}

/** The events of session number `n`. */
export function events(n: number): ChatEvent[] {
  const dice = new Dice(n + 1);
  const id = `gen-${String(n).padStart(6, '0')}`;
  const { editor, provider, models } = dice.one(EDITORS);
  const model = dice.one(models);
  // closer together towards the end, as work is
  let at = END - Math.floor((n / MANY) ** 2 * 900 * 1440) * MINUTE - dice.below(MINUTE);
  const step = (): string => new Date((at += 1_000 + dice.below(40_000))).toISOString();
  const list: ChatEvent[] = [
    {
      session_id: id,
      event_type: 'session_start',
      timestamp: step(),
      data: {
        title: `${dice.one(VERBS)} ${dice.one(THINGS)}`,
        provider,
        model,
        editor,
        workspace: `/home/ada/code/${dice.one(PLACES)}`,
      },
    },
    {
      session_id: id,
      event_type: 'message',
      timestamp: step(),
      data: {
        role: 'user',
        content: `${sentence(dice, 6 + dice.below(8))}?${n === 54_321 ? ` ${NEEDLE}` : ''}`,
      },
    },
    {
      session_id: id,
      event_type: 'message',
      timestamp: step(),
      data: { role: 'assistant', model, content: sentence(dice, 10 + dice.below(20)) },
    },
  ];
  if (dice.below(4) === 0)
    list.push({
      session_id: id,
      event_type: 'message',
      timestamp: step(),
      data: { role: 'user', content: `Thanks, ${sentence(dice, 4)}.` },
    });
  if (n >= INTERRUPTED) list.push({ session_id: id, event_type: 'session_end', timestamp: step(), data: {} });
  return list;
}

/** A session of so many entries: prompts, answers with code, tool calls with results. */
function* long(id: string, entries: number, messagesOnly: boolean): Generator<ChatEvent> {
  const dice = new Dice(entries);
  let at = END - 30 * 1440 * MINUTE;
  const step = (): string => new Date((at += 500 + dice.below(3_000))).toISOString();
  const event = (event_type: string, data: Record<string, unknown>): ChatEvent => ({
    session_id: id,
    event_type,
    timestamp: step(),
    data,
  });
  yield event('session_start', {
    title: `A long session of ${entries} entries`,
    provider: 'anthropic',
    model: 'claude-opus-4',
    editor: 'claude-code',
    workspace: '/home/ada/code/chasm',
  });
  for (let n = 0; n < entries; n += 1) {
    const kind = n % 4;
    if (kind === 0) yield event('message', { role: 'user', content: `Prompt ${n}: ${sentence(dice, 12)}?` });
    else if (kind === 2 && !messagesOnly) {
      yield event('tool_call', { call_id: `c${n}`, name: 'Bash', arguments: { command: `cargo test ${n}` } });
      yield event('tool_result', {
        call_id: `c${n}`,
        output: `test ${n} ... ok\n`.repeat(1 + dice.below(6)),
      });
    } else {
      const code = n % 8 === 1 ? `\n\n\`\`\`rust\nfn step_${n}() -> usize {\n    ${n}\n}\n\`\`\`` : '';
      yield event('message', {
        role: 'assistant',
        model: 'claude-opus-4',
        content: `Answer ${n}. ${sentence(dice, 20 + dice.below(60))}.${code}`,
      });
    }
  }
  yield event('session_end', {});
}

/** A data folder with all of them; to be copied, never to be opened. */
export async function manySessions(): Promise<string> {
  const folder = join(CACHE, 'e2e', await key());
  if (existsSync(folder)) return folder;
  await mkdir(join(CACHE, 'e2e'), { recursive: true });
  await forgetOthers(folder);
  const begun = Date.now();
  console.log(`making ${MANY} sessions, once: kept in ${folder}`);
  const recorder = await Recorder.start();
  try {
    await fill(recorder);
    await recorder.stop();
    // what was left open is found interrupted by the next start: it is made so here, once
    await recorder.restart();
    await mark(recorder);
    await recorder.stop();
    await recorder.copyTo(`${folder}.new`);
    await rename(`${folder}.new`, folder);
  } finally {
    await recorder.end();
  }
  console.log(`made in ${Math.round((Date.now() - begun) / 1000)} s`);
  return folder;
}

async function fill({ api }: Recorder): Promise<void> {
  let batch: ChatEvent[] = [];
  for (let n = MANY - 1; n >= 0; n -= 1) {
    batch.push(...events(n));
    if (batch.length < 4_900 && n > 0) continue;
    await api.record(batch);
    batch = [];
  }
  await api.record([...long(LONG.id, LONG.messages, true)]);
  await api.record([...long(LONGEST.id, LONGEST.entries, false)]);
}

async function mark({ api }: Recorder): Promise<void> {
  const id = (n: number): string => `gen-${String(n).padStart(6, '0')}`;
  for (let n = 0; n < STARRED; n += 1) await api.change(id(1_000 + n * 7), { starred: true });
  for (let n = 0; n < TAGGED; n += 1)
    await api.change(id(2_000 + n * 11), { tags: ['keep', `tag-${n % 5}`] });
}

/** The same for the same sessions and the same schema, however this file is written. */
async function key(): Promise<string> {
  const hash = createHash('sha256');
  const some = Array.from({ length: 200 }, (_, n) => events(n * 499));
  const lengths = [MANY, INTERRUPTED, STARRED, TAGGED, LONG.messages, LONGEST.entries];
  hash.update(JSON.stringify([lengths, some, [...long('some', 400, true)], [...long('some', 400, false)]]));
  const migrations = join(ROOT, 'crates/store/migrations');
  for (const name of (await readdir(migrations)).sort())
    hash.update(name).update(await readFile(join(migrations, name)));
  return hash.digest('hex').slice(0, 16);
}

/** Folders of older generators only take up room. */
async function forgetOthers(folder: string): Promise<void> {
  for (const name of await readdir(join(CACHE, 'e2e'))) {
    const other = join(CACHE, 'e2e', name);
    if (other !== folder) await rm(other, { recursive: true, force: true });
  }
}
