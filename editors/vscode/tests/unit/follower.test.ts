// Following a workspace's chats on a real disk: what grows is handed over once, in its order, across reloads.

import { appendFile, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Draft } from '../../src/chat/drafts';
import type { Snapshot } from '../../src/chat/snapshot';
import { Follower } from '../../src/follow/follower';
import { Memory } from '../../src/follow/memory';
import type { Outlet } from '../../src/follow/outlet';
import type { Json } from '../../src/read/json';

const ID = '0a1b2c3d-0000-4000-8000-000000000001';
const OTHER = '0a1b2c3d-0000-4000-8000-000000000002';
const ASKED = 1_790_000_000_000;

/** Keeps what it is given. */
class Kept implements Outlet {
  readonly sent: { session: string; draft: Draft; seq: number }[] = [];
  readonly ends: string[] = [];
  readonly snapshots: Snapshot[] = [];
  known: boolean | undefined = false;
  /** How many times it has no room, and no recorder for a snapshot. */
  full = 0;
  away = 0;

  send(session: string, drafts: Draft[], after: number): Promise<number> {
    if (this.full-- > 0) return Promise.reject(new Error('the outbox is full'));
    drafts.forEach((draft, nth) => this.sent.push({ session, draft, seq: after + nth + 1 }));
    return Promise.resolve(after + drafts.length);
  }
  snapshot(_: string, snapshot: Snapshot): Promise<boolean> {
    if (this.away-- > 0) return Promise.resolve(false);
    this.snapshots.push(snapshot);
    return Promise.resolve(true);
  }
  end(_: string, reason: string, after: number): Promise<number> {
    this.ends.push(reason);
    return Promise.resolve(after + 1);
  }
  knows(): Promise<boolean | undefined> {
    return Promise.resolve(this.known);
  }
  get names(): string[] {
    return this.sent.map(({ draft }) => draft.name);
  }
}

let root: string;
let sessions: string;
let transcripts: string;
let kept: Kept;
let follower: Follower | undefined;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'chasm-follow-'));
  sessions = join(root, 'w', 'chatSessions');
  transcripts = join(root, 'w', 'GitHub.copilot-chat', 'transcripts');
  kept = new Kept();
});
afterEach(async () => {
  await follower?.drop();
  await rm(root, { recursive: true });
});

async function follow(idleMs = 1e9): Promise<Follower> {
  const place = { sessions: [sessions], transcripts: [transcripts] };
  const about = { provider: 'vscode', editor: 'VS Code', workspace: '/w' };
  const log = { info: () => undefined, warn: (message: string) => kept.ends.push(`warned: ${message}`) };
  const wanted = () => ({ snapshotMs: 0, idleMs, earlier: true });
  follower = new Follower(place, about, kept, new Memory(join(root, 'handed')), log, wanted);
  await follower.start();
  return follower;
}

function lines(...entries: Json[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

const asked = (id: string, text: string, nth = 0): Json => ({
  kind: 2,
  k: ['requests'],
  v: [{ requestId: id, timestamp: ASKED + nth * 1000, message: { text }, modelState: { value: 0 } }],
});
const answered = (nth: number, text: string): Json => ({
  kind: 2,
  k: ['requests', nth, 'response'],
  v: [{ value: text }],
  i: 0,
});
const done = (nth: number): Json => ({ kind: 1, k: ['requests', nth, 'modelState'], v: { value: 1 } });
const START: Json = { kind: 0, v: { version: 3, creationDate: ASKED - 1000, sessionId: ID, requests: [] } };

async function write(text: string, id = ID): Promise<void> {
  await mkdir(sessions, { recursive: true });
  await appendFile(join(sessions, `${id}.jsonl`), text);
}

const last = (name: string) => kept.sent.findLast(({ draft }) => draft.name === name)?.draft.data;

describe('a followed chat', () => {
  it('is handed over as it grows, in a folder that is made later', async () => {
    await follow();
    await write(lines(START));
    await write(lines(asked('r1', 'why?'), answered(0, 'Be')));
    await expect
      .poll(() => last('a:r1/0'))
      .toMatchObject({ content: 'Be', partial: true, message_id: 'r1/0' });
    await write(lines(answered(0, 'Because.'), done(0)));
    await expect.poll(() => last('a:r1/0')).toMatchObject({ content: 'Because.', partial: false });
    expect(kept.names.slice(0, 4)).toEqual(['!start', '!title', 'u:r1', 'a:r1/0']);
    expect(kept.sent.map(({ seq }) => seq)).toEqual(kept.sent.map((_, nth) => nth + 1));
    await expect
      .poll(() => kept.snapshots.at(-1)?.messages)
      .toMatchObject([{ content: 'why?' }, { content: 'Because.' }]);
  });

  it('is handed over later where there was no room, and its snapshot where nobody answered', async () => {
    kept.full = 1;
    kept.away = 1;
    await follow();
    await write(lines(START, asked('r1', 'why?'), answered(0, 'Because.')));
    await expect.poll(() => kept.ends).toEqual([expect.stringContaining('the outbox is full')]);
    await write(lines(done(0)));
    await expect.poll(() => last('a:r1/0')).toMatchObject({ content: 'Because.', partial: false });
    await expect.poll(() => kept.snapshots).toHaveLength(1);
  });

  it('is not told of before something is said in it', async () => {
    await write(lines(START));
    const running = await follow();
    await write(lines({ kind: 1, k: ['inputState'], v: { inputText: 'a draft' } }));
    await running.stop('window_closed');
    expect(kept).toMatchObject({ sent: [], ends: [], snapshots: [] });
  });

  it('goes on after a reload where it stopped, with its numbers', async () => {
    await write(lines(START, asked('r1', 'why?'), answered(0, 'Because.'), done(0)));
    await (await follow()).stop('window_closed');
    expect(kept.ends).toEqual(['window_closed']);
    const before = kept.sent.length;
    await follow();
    await write(lines(asked('r2', 'and then?', 1)));
    await expect.poll(() => kept.names).toContain('u:r2');
    expect(kept.names.slice(before)).toEqual(['u:r2']);
    // one number is that of the end
    expect(kept.sent.at(-1)?.seq).toBe(before + 2);
  });

  it('is the same where the editor writes its log anew', async () => {
    await write(lines(START, asked('r1', 'why?'), answered(0, 'Because.'), done(0)));
    await follow();
    await expect.poll(() => kept.names).toContain('a:r1/0');
    const before = kept.sent.length;
    const request = {
      requestId: 'r1',
      timestamp: ASKED,
      message: { text: 'why?' },
      response: [{ value: 'Because.' }],
    };
    const whole = {
      kind: 0,
      v: { creationDate: ASKED - 1000, requests: [{ ...request, modelState: { value: 1 } }] },
    };
    await writeFile(join(sessions, `${ID}.jsonl`), lines(whole, asked('r2', 'more', 1)));
    await expect.poll(() => kept.names).toContain('u:r2');
    expect(kept.names.slice(before)).toEqual(['u:r2']);
  });

  it('is ended by a window that closes only where it waits for nothing', async () => {
    await write(lines(START, asked('r1', 'why?')));
    const running = await follow();
    await expect.poll(() => kept.names).toContain('u:r1');
    await running.stop('window_closed');
    expect(kept.ends).toEqual([]);
  });

  it('is ended by the next window where the one before had no time to', async () => {
    await write(lines(START, asked('r1', 'why?'), answered(0, 'Because.'), done(0)));
    const running = await follow();
    await expect.poll(() => kept.names).toContain('a:r1/0');
    await running.drop();
    await follow();
    await expect.poll(() => kept.ends).toEqual(['window_closed']);
  });

  it('is not live any more in the next window where an answer was cut off', async () => {
    await write(lines(START, asked('r1', 'why?'), answered(0, 'Because')));
    const running = await follow();
    await expect.poll(() => running.live).toBe(1);
    await running.drop();
    const next = await follow();
    await write(lines(START, asked('r2', 'still there?', 1), answered(0, 'Yes.'), done(0)), OTHER);
    await expect.poll(() => kept.names).toContain('a:r2/0');
    await expect.poll(() => next.live).toBe(1);
    expect(kept.ends).toEqual([]);
  });

  it('is ended after some quiet', async () => {
    await write(lines(START, asked('r1', 'why?'), answered(0, 'Because.'), done(0)));
    await follow(50);
    await expect.poll(() => kept.ends).toEqual(['idle']);
  });

  it('is read from a whole document, which is empty at first', async () => {
    await mkdir(sessions, { recursive: true });
    const path = join(sessions, `${ID}.json`);
    await writeFile(path, '');
    await follow();
    const request = {
      requestId: 'r1',
      timestamp: ASKED,
      message: 'why?',
      response: ['Because', '.'],
      result: {},
    };
    await writeFile(path, JSON.stringify({ sessionId: ID, requests: [request] }));
    await expect.poll(() => last('a:r1/0')).toMatchObject({ content: 'Because.', partial: false });
  });
});

describe('a chat from before', () => {
  beforeEach(async () => {
    await write(lines(START, asked('r1', 'why?'), answered(0, 'Because.'), done(0)));
    const long = new Date(Date.now() - 86_400_000);
    await utimes(join(sessions, `${ID}.jsonl`), long, long);
  });

  it('is brought in where the recorder lacks it', async () => {
    await follow();
    await expect.poll(() => kept.ends).toEqual(['imported']);
    expect(kept.names).toContain('a:r1/0');
  });

  it('is left alone where the recorder has it, until it goes on', async () => {
    kept.known = true;
    const running = await follow();
    await expect.poll(() => running.earlier).toBe(0);
    expect(kept.sent).toEqual([]);
    await write(lines(asked('r2', 'and then?', 1)));
    await expect.poll(() => kept.names).toContain('u:r2');
  });

  it('waits while the recorder cannot be asked', async () => {
    kept.known = undefined;
    const running = await follow();
    await expect.poll(() => running.earlier).toBe(1);
    await running.settled();
    expect(kept.sent).toEqual([]);
  });
});

describe('a transcript', () => {
  const told = (type: string, data: Json, nth: number) => ({
    type,
    id: `t${nth}`,
    timestamp: new Date(ASKED + nth).toISOString(),
    data,
  });

  it('speaks where the editor has no chats of its own here', async () => {
    await mkdir(transcripts, { recursive: true });
    const call = { toolCallId: 'call_abcdefghijkl', name: 'read_file', arguments: '{"path":"a"}' };
    await writeFile(
      join(transcripts, `${ID}.jsonl`),
      lines(
        told('session.start', {}, 0),
        told('user.message', { content: 'read it' }, 1),
        told('assistant.message', { content: 'Reading.', toolRequests: [call] }, 2),
        told(
          'tool.execution_complete',
          { toolCallId: call.toolCallId, success: true, result: { content: 'text' } },
          3,
        ),
        told('assistant.message', { content: 'Done.' }, 4),
      ),
    );
    await follow();
    await expect.poll(() => last('a:t1/1')).toMatchObject({ content: 'Done.', partial: false });
    expect(last(`c:${call.toolCallId}@t1`)).toMatchObject({ name: 'read_file', arguments: { path: 'a' } });
    expect(last(`r:${call.toolCallId}@t1`)).toMatchObject({ output: 'text' });
  });

  it('is silent beside the session file of its chat', async () => {
    await mkdir(transcripts, { recursive: true });
    await writeFile(join(transcripts, `${ID}.jsonl`), lines(told('user.message', { content: 'why?' }, 1)));
    await write(lines(START, asked('r1', 'why?')));
    const running = await follow();
    await running.stop('window_closed');
    expect(kept.names).toEqual(['!start', '!title', 'u:r1']);
  });
});
