// A conversation that goes on in another run: the application sends all of it again, under the session id that it had before. Whatever
// was recorded by then, each message is in the session once, in its place.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Recorder as Sdk, type RecorderOptions } from '../../../sdk/typescript/src/node.js';
import { recordFetch } from '../../../sdk/typescript/src/wrap/index.js';
import { Recorder, UNFOLLOWED } from '../src/recorder';
import { until } from '../src/wait';

type Said = [role: 'system' | 'user' | 'assistant', content: string];

const MODEL = 'http://127.0.0.1:1/v1/chat/completions';
const encoder = new TextEncoder();

let recorder: Recorder;
let folder: string;
let run: Sdk | undefined;
let errors: unknown[];

beforeEach(async () => {
  recorder = await Recorder.start({ config: UNFOLLOWED });
  folder = await mkdtemp(join(tmpdir(), 'chasm-sdk-history-'));
  errors = [];
});

afterEach(async () => {
  await run?.close();
  run = undefined;
  await recorder.end();
  await rm(folder, { recursive: true });
});

/** Another run of the application: it knows nothing of the one before. */
async function begin(options: Partial<RecorderOptions> = {}): Promise<void> {
  await run?.close();
  run = await Sdk.connect({
    client: 'history/1',
    server: recorder.address,
    dataDir: folder,
    ...options,
  });
}

/** A model that streams these pieces, and then ends or says nothing more. */
function model(pieces: string[], isWhole = true): typeof fetch {
  const events = pieces.map((content) => ({ choices: [{ index: 0, delta: { content } }] }));
  const last = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  return () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const event of isWhole ? [...events, last] : events)
          controller.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`));
        if (isWhole) controller.close();
      },
    });
    return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
  };
}

interface Tool {
  call: string;
  output: string;
}

/** Asks with all that was said before, and gives the answer back. */
async function ask(history: Said[], pieces: string[], tool?: Tool): Promise<void> {
  await (await sent(history, model(pieces), tool)).text();
  expect(await run?.flush({ timeout: 30_000 })).toBe(true);
}

async function sent(history: Said[], answers: typeof fetch, tool?: Tool): Promise<Response> {
  if (run === undefined) throw new Error('no run has begun');
  const wrapped = recordFetch(answers, run, {
    session: { id: 'talk' },
    onError: (error) => errors.push(error),
  });
  const messages: object[] = history.map(([role, content]) => ({ role, content }));
  if (tool !== undefined) {
    const { call, output } = tool;
    const asked = { id: call, type: 'function', function: { name: 'look', arguments: '{}' } };
    messages.push({ role: 'assistant', content: null, tool_calls: [asked] });
    messages.push({ role: 'tool', tool_call_id: call, content: output });
  }
  return wrapped(MODEL, { method: 'POST', body: JSON.stringify({ model: 'm', messages, stream: true }) });
}

async function recorded(): Promise<Said[]> {
  const { messages } = await recorder.api.session('talk');
  return messages.map(({ role, content }) => [role, content] as Said);
}

/** The session, once its last message is this one and a snapshot of what was before cannot be on its way any more. */
async function expectSaid(said: Said[]): Promise<void> {
  expect(errors).toEqual([]);
  expect(await run?.flush({ timeout: 30_000 })).toBe(true);
  // what was said before goes beside the events, and is there when this has ended
  await run?.close();
  run = undefined;
  expect(await recorded()).toEqual(said);
}

const SYSTEM: Said = ['system', 'be kind'];

test.each(['hybrid', 'live', 'batch'] as const)('a reload between two answers, in mode %s', async (mode) => {
  await begin({ mode });
  const first: Said[] = [SYSTEM, ['user', 'hi']];
  await ask(first, ['Hel', 'lo']);
  await begin({ mode });
  const second: Said[] = [...first, ['assistant', 'Hello'], ['user', 'how are you']];
  await ask(second, ['Fi', 'ne']);
  // in the same run it is known; a wrapper of its own for each request knows it, too
  const third: Said[] = [...second, ['assistant', 'Fine'], ['user', 'bye']];
  await ask(third, ['Bye']);
  await begin({ mode });
  const fourth: Said[] = [...third, ['assistant', 'Bye'], ['user', 'one more']];
  await ask(fourth, ['Yes?']);
  await expectSaid([...fourth, ['assistant', 'Yes?']]);
});

test('a reload in the middle of an answer: asked again, and gone on with what was seen of it', async () => {
  await begin();
  const first: Said[] = [SYSTEM, ['user', 'tell me a story']];
  const reader = (await sent(first, model(['Once upon', ' a time there'], false))).body?.getReader();
  await reader?.read();
  await reader?.read();
  await until(async () => (await run?.flush()) && (await recorded()).length === 3, 'the begun answer');
  // the page had shown a part of it, and was gone
  await begin();
  const second: Said[] = [...first, ['assistant', 'Once upon'], ['user', 'go on']];
  await ask(second, ['The end']);
  await begin();
  await ask(second, ['The other end']);
  await expectSaid([
    ...first,
    ['assistant', 'Once upon a time there'],
    ['user', 'go on'],
    ['assistant', 'The end'],
    ['assistant', 'The other end'],
  ]);
});

test('equal messages in other places stay as many as they are', async () => {
  const talk: Said[] = [];
  for (let n = 0; n < 12; n++) {
    await begin();
    talk.push(['user', 'continue']);
    await ask(talk, ['ok']);
    talk.push(['assistant', 'ok']);
  }
  // the same twice in a row, and another system prompt
  await begin();
  const last: Said[] = [['system', 'today is Friday'], ...talk, ['user', 'continue'], ['user', 'continue']];
  await ask(last, ['ok']);
  await expectSaid([...last, ['assistant', 'ok']]);
});

test('what was never recorded is there in its place, and what waits in the outbox comes to its own', async () => {
  await begin();
  const first: Said[] = [
    ['user', 'from before'],
    ['assistant', 'there was a recorder'],
    ['user', 'a new one'],
  ];
  await recorder.kill();
  await (await sent(first, model(['an answer']))).text();
  const second: Said[] = [...first, ['assistant', 'an answer'], ['user', 'still away']];
  await (await sent(second, model(['so it is']))).text();
  await begin();
  const third: Said[] = [...second, ['assistant', 'so it is'], ['user', 'and now']];
  await (await sent(third, model(['it is back']))).text();
  await recorder.restart();
  await until(() => run?.state.connection === 'connected', 'the recorder to be back');
  await expectSaid([...third, ['assistant', 'it is back']]);
});

test('a history that is too large for a snapshot is told, and what is new is recorded', async () => {
  await begin({ limits: { snapshotBytes: 100 } });
  await ask(
    [
      ['user', 'x'.repeat(200)],
      ['assistant', 'so much'],
      ['user', 'less'],
    ],
    ['Yes'],
  );
  expect(errors.splice(0).map(String)).toEqual([expect.stringContaining('a snapshot takes 100')]);
  await expectSaid([
    ['user', 'less'],
    ['assistant', 'Yes'],
  ]);
});

test('a tool is called once, whatever comes again', async () => {
  await begin();
  const first: Said[] = [['user', 'what is in x']];
  const tool = { call: 'c1', output: '{"found":1}' };
  await ask(first, ['Let me see']);
  await begin();
  await ask(first, ['It is 1'], tool);
  await begin();
  await ask(first, ['It is still 1'], tool);
  await run?.close();
  run = undefined;
  const { tool_calls } = await recorder.api.session('talk');
  expect(tool_calls).toMatchObject([{ name: 'look', call_id: 'c1', output: { found: 1 } }]);
  expect((await recorded()).filter(([role]) => role === 'user')).toEqual(first);
});
