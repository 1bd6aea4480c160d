// A conversation as Claude Code keeps it in the user's home, and as its client sends it.
//
// Owns the texts, which are made up, and where such a file lies below a home. Invariant: what `sent` gives is the beginning of the file.

import { appendFile, mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChatEvent } from './api';

export const TITLE = 'Find the leak in the importer';

const TURNS = [
  'The importer eats 4 GB on the big file. Where?',
  'It reads all rows before it writes the first one.',
  'Then stream them.',
  'Done: rows are written in batches of 5,000, and 60 MB are enough.',
  'And what if a row is broken?',
  'Only the file knows this answer: a broken row is put aside with its number.',
];

/** Puts the conversation where the editor would; its path. */
export async function keepTranscript(home: string, id: string): Promise<string> {
  const folder = join(home, '.claude/projects/-home-ada-code-billing');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${id}.jsonl`);
  await writeFile(path, TURNS.map((text, n) => line(id, n, text, moment(n))).join(''));
  return path;
}

/** The same, and the editor has not written since: nobody takes it for a session that goes on. */
export async function keepOldTranscript(home: string, id: string): Promise<string> {
  const path = await keepTranscript(home, id);
  const then = new Date(Date.now() - 7_200_000);
  await utimes(path, then, then);
  return path;
}

/** The editor goes on with it: the user asks for this. */
export async function goOn(path: string, id: string, nth: number, text: string): Promise<void> {
  await appendFile(path, line(id, TURNS.length + 2 * nth, text, new Date().toISOString()));
}

function line(id: string, n: number, text: string, timestamp: string): string {
  const role = n % 2 === 0 ? 'user' : 'assistant';
  const entry = {
    type: role,
    uuid: `${id}-${n}`,
    parentUuid: n === 0 ? null : `${id}-${n - 1}`,
    sessionId: id,
    cwd: '/home/ada/code/billing',
    timestamp,
    message: { role, id: `${id}-m${n}`, content: role === 'user' ? text : [{ type: 'text', text }] },
  };
  return `${JSON.stringify(entry)}\n`;
}

/** The first `turns` of it, as a client sends them. */
export function sent(id: string, turns: number): ChatEvent[] {
  const event = (n: number, event_type: string, data: Record<string, unknown>): ChatEvent => ({
    session_id: id,
    event_type,
    seq: n + 2,
    timestamp: moment(n),
    data,
  });
  const messages = TURNS.slice(0, turns).map((text, n) => {
    const role = n % 2 === 0 ? 'user' : 'assistant';
    const content = role === 'user' ? text : [{ type: 'text', text }];
    // the file names prompts by their line, answers by their own id
    const message_id = role === 'user' ? `${id}-${n}` : `${id}-m${n}`;
    return event(n, 'message', { message_id, role, content });
  });
  const start = { title: TITLE, editor: 'claude-code', provider: 'claude-code' };
  return [event(-1, 'session_start', start), ...messages];
}

const BEGIN = Date.now() - 3_600_000;

function moment(n: number): string {
  return new Date(BEGIN + n * 20_000).toISOString();
}
