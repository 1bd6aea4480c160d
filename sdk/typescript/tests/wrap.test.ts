// What is recorded of calls to a model: of OpenAI's and Anthropic's kind through fetch, and through the Vercel AI SDK with its own mock
// model. The application's answer is the same, byte by byte.

import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { generateText, streamText, tool, wrapLanguageModel, jsonSchema } from 'ai';
import { MockLanguageModelV3, simulateReadableStream } from 'ai/test';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Recorder } from '../src/node.js';
import { recordFetch, recordModel } from '../src/wrap/index.js';
import { SseReader } from '../src/wrap/sse.js';
import { Scripted, type Heard } from './scripted.js';

let recording: Scripted;
let recorder: Recorder;
let vendor: Server;
let address: string;
/** What the model's server says to the next request: pieces, and whether it breaks behind them. */
let script: { type: string; pieces: string[]; breaks?: boolean; status?: number };

beforeEach(async () => {
  recording = await Scripted.start();
  recorder = await Recorder.connect({
    client: 'test/1',
    server: recording.url,
    outbox: 'memory',
    snapshotEvery: 0,
  });
  vendor = createServer((request, response) => {
    request.resume();
    const { type, pieces, breaks, status = 200 } = script;
    response.writeHead(status, { 'content-type': type, 'x-request-id': 'r1' });
    for (const piece of pieces) response.write(piece);
    if (breaks) setImmediate(() => response.destroy());
    else response.end();
  });
  vendor.listen(0, '127.0.0.1');
  await once(vendor, 'listening');
  const at = vendor.address();
  address = typeof at === 'object' && at ? `http://127.0.0.1:${at.port}` : '';
});

afterEach(async () => {
  await recorder.close({ timeout: 1 });
  await recording.end();
  vendor.closeAllConnections();
  vendor.close();
});

function sse(...events: object[]): string[] {
  return [...events.map((event) => `data: ${JSON.stringify(event)}\n\n`)];
}

async function recorded(): Promise<Heard[]> {
  // what was said last may still be on its way through the wrapper
  await new Promise((resolve) => setImmediate(resolve));
  expect(await recorder.flush({ timeout: 10_000 })).toBe(true);
  return recording.events.filter(({ event_type }) => event_type !== 'session_start');
}

const said = (events: Heard[], type: string) =>
  events.filter((one) => one.event_type === type).map(({ data }) => data);

const post = (body: object): RequestInit => ({ method: 'POST', body: JSON.stringify(body) });

test('a session that nobody can go on with ends when the recorder is closed', async () => {
  script = {
    type: 'application/json',
    pieces: ['{"choices":[{"message":{"role":"assistant","content":"Hi"}}]}'],
  };
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] });
  const own = recordFetch(fetch, recorder);
  const given = recordFetch(fetch, recorder, { session: { id: 'goes-on' } });
  for (const asking of [own, given])
    await (await asking(`${address}/v1/chat/completions`, { method: 'POST', body })).text();
  await recorded();
  await recorder.close();
  const ends = recording.events.filter(({ event_type }) => event_type === 'session_end');
  expect(ends).toHaveLength(1);
  expect(ends[0]?.session_id).not.toBe('goes-on');
});

test('a streaming chat completion: deltas, a message, tool calls; only what is new of the next request', async () => {
  script = {
    type: 'text/event-stream',
    pieces: [
      ...sse(
        { model: 'gpt-x', choices: [{ index: 0, delta: { role: 'assistant', content: 'Hel' } }] },
        { choices: [{ index: 0, delta: { content: 'lo' } }] },
        {
          choices: [
            {
              index: 0,
              delta: { tool_calls: [{ index: 0, id: 'c1', function: { name: 'look', arguments: '{"a"' } }] },
            },
          ],
        },
        { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: ':1}' } }] } }] },
        { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
      ),
      'data: [DONE]\n\n',
    ],
  };
  const wrapped = recordFetch(fetch, recorder);
  const messages = [
    { role: 'system', content: 'be kind' },
    { role: 'user', content: 'hi' },
  ];
  const url = `${address}/v1/chat/completions`;
  const response = await wrapped(url, post({ model: 'gpt-x', messages, stream: true }));
  expect(response.url).toBe(url);
  expect(response.headers.get('x-request-id')).toBe('r1');
  expect(await response.text()).toBe(script.pieces.join(''));
  let events = await recorded();
  expect(said(events, 'message')).toMatchObject([
    { role: 'system', content: 'be kind' },
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: 'Hello', model: 'gpt-x' },
  ]);
  const answer = said(events, 'message')[2];
  expect(answer).not.toHaveProperty('partial');
  expect(
    said(events, 'message_delta')
      .map(({ delta }) => delta)
      .join(''),
  ).toBe('Hello');
  expect(said(events, 'message_delta')[0]?.['message_id']).toBe(answer?.['message_id']);
  expect(said(events, 'tool_call')).toEqual([
    { name: 'look', call_id: 'c1', arguments: { a: 1 }, message_id: answer?.['message_id'] },
  ]);

  script = {
    type: 'application/json',
    pieces: [
      JSON.stringify({ model: 'gpt-x', choices: [{ message: { role: 'assistant', content: 'done' } }] }),
    ],
  };
  const more = [
    ...messages,
    {
      role: 'assistant',
      content: 'Hello',
      tool_calls: [{ id: 'c1', function: { name: 'look', arguments: '{"a":1}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: '{"found":2}' },
  ];
  // a Request, as some libraries make it
  await (await wrapped(new Request(url, post({ model: 'gpt-x', messages: more })))).json();
  events = await recorded();
  expect(said(events, 'message').slice(3)).toMatchObject([{ role: 'assistant', content: 'done' }]);
  expect(said(events, 'tool_result')).toEqual([{ call_id: 'c1', output: { found: 2 } }]);
  expect(said(events, 'tool_call').length).toBe(1);
  expect(new Set(events.map(({ session_id }) => session_id)).size).toBe(1);
  // another conversation is another session
  await (await wrapped(url, post({ messages: [{ role: 'user', content: 'hi' }] }))).text();
  expect(new Set((await recorded()).map(({ session_id }) => session_id)).size).toBe(2);
});

test("OpenAI's responses, streaming, then by the id of the one before", async () => {
  script = {
    type: 'text/event-stream',
    pieces: sse(
      { type: 'response.created', response: { id: 'resp_1', model: 'gpt-y' } },
      { type: 'response.output_text.delta', delta: 'Good ' },
      { type: 'response.output_text.delta', delta: 'day' },
      {
        type: 'response.output_item.done',
        item: { type: 'function_call', call_id: 'c9', name: 'f', arguments: '{}' },
      },
      { type: 'response.completed', response: { id: 'resp_1', model: 'gpt-y' } },
    ),
  };
  const wrapped = recordFetch(fetch, recorder);
  const url = `${address}/v1/responses`;
  await (await wrapped(url, post({ model: 'gpt-y', instructions: 'short', input: 'hello' }))).text();
  script = {
    type: 'application/json',
    pieces: [
      JSON.stringify({
        id: 'resp_2',
        model: 'gpt-y',
        output: [{ type: 'message', content: [{ type: 'output_text', text: 'Bye' }] }],
      }),
    ],
  };
  await (await wrapped(url, post({ model: 'gpt-y', previous_response_id: 'resp_1', input: 'bye' }))).text();
  const events = await recorded();
  expect(said(events, 'message').map(({ role, content }) => [role, content])).toEqual([
    ['system', 'short'],
    ['user', 'hello'],
    ['assistant', 'Good day'],
    ['user', 'bye'],
    ['assistant', 'Bye'],
  ]);
  expect(said(events, 'tool_call')).toMatchObject([{ name: 'f', call_id: 'c9', arguments: {} }]);
  expect(new Set(events.map(({ session_id }) => session_id)).size).toBe(1);
});

test("Anthropic's messages, streaming and not, with tools and thinking", async () => {
  script = {
    type: 'text/event-stream; charset=utf-8',
    pieces: sse(
      { type: 'message_start', message: { model: 'claude-z' } },
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Let me see' } },
      {
        type: 'content_block_start',
        index: 2,
        content_block: { type: 'tool_use', id: 't1', name: 'read', input: {} },
      },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"p":' } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '"x"}' } },
      { type: 'content_block_stop', index: 2 },
      { type: 'message_stop' },
    ),
  };
  const session = recorder.session({ title: 'mine' });
  const wrapped = recordFetch(fetch, recorder, { session });
  const url = `${address}/v1/messages`;
  const first = { role: 'user', content: [{ type: 'text', text: 'what is in x' }] };
  await (await wrapped(url, post({ model: 'claude-z', system: 'sys', messages: [first] }))).text();
  script = {
    type: 'application/json',
    pieces: [
      JSON.stringify({
        type: 'message',
        model: 'claude-z',
        content: [{ type: 'text', text: 'It is empty' }],
      }),
    ],
  };
  const next = [
    first,
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Let me see' },
        { type: 'tool_use', id: 't1', name: 'read', input: { p: 'x' } },
      ],
    },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 't1', content: 'nothing', is_error: true }],
    },
  ];
  await (await wrapped(url, post({ model: 'claude-z', system: 'sys', messages: next }))).text();
  const events = await recorded();
  expect(said(events, 'message')).toMatchObject([
    { role: 'system', content: 'sys' },
    { role: 'user', content: 'what is in x' },
    { role: 'assistant', content: 'Let me see', model: 'claude-z', metadata: { reasoning: 'hm' } },
    { role: 'assistant', content: 'It is empty' },
  ]);
  expect(said(events, 'tool_call')).toMatchObject([{ name: 'read', call_id: 't1', arguments: { p: 'x' } }]);
  expect(said(events, 'tool_result')).toEqual([{ call_id: 't1', output: 'nothing', is_error: true }]);
  expect(events.every(({ session_id }) => session_id === session.id)).toBe(true);
});

test('an answer that breaks, is aborted or is left is recorded as partial, and fails as before', async () => {
  const piece = sse({ choices: [{ index: 0, delta: { content: 'half' } }] });
  const url = `${address}/v1/chat/completions`;
  const ask = (content: string, signal?: AbortSignal) => ({
    ...post({ messages: [{ role: 'user', content }] }),
    ...(signal ? { signal } : {}),
  });
  const wrapped = recordFetch(fetch, recorder);
  script = { type: 'text/event-stream', pieces: piece, breaks: true };
  await expect((await wrapped(url, ask('broken'))).text()).rejects.toThrow();
  const abort = new AbortController();
  // never ends by itself
  vendor.removeAllListeners('request');
  vendor.on('request', (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(piece[0]);
  });
  const reader = (await wrapped(url, ask('aborted', abort.signal))).body?.getReader();
  await reader?.read();
  abort.abort();
  await expect(reader?.read()).rejects.toThrow('abort');
  const left = (await wrapped(url, ask('left'))).body?.getReader();
  await left?.read();
  await left?.cancel();
  const answers = said(await recorded(), 'message').filter(({ role }) => role === 'assistant');
  expect(answers).toMatchObject(Array.from({ length: 3 }, () => ({ content: 'half', partial: true })));
});

test('a refusal of the model and a server that is away are recorded, and reach the application', async () => {
  script = { type: 'application/json', pieces: ['{"error":{"message":"slow down"}}'], status: 429 };
  const wrapped = recordFetch(fetch, recorder);
  const response = await wrapped(
    `${address}/v1/chat/completions`,
    post({ messages: [{ role: 'user', content: 'a' }] }),
  );
  expect(response.status).toBe(429);
  expect(await response.json()).toEqual({ error: { message: 'slow down' } });
  await expect(
    wrapped('http://127.0.0.1:1/v1/chat/completions', post({ messages: [{ role: 'user', content: 'b' }] })),
  ).rejects.toThrow();
  const answers = said(await recorded(), 'message').filter(({ role }) => role === 'assistant');
  expect(answers).toMatchObject([
    { partial: true, metadata: { error: "the model's server answered 429" } },
    { partial: true, metadata: { error: expect.stringMatching(/^fetch failed \(.+\)$/) as string } },
  ]);
});

test('other requests are not looked at, and a closed recorder is in nobody’s way', async () => {
  script = { type: 'text/plain', pieces: ['plain'] };
  const errors: unknown[] = [];
  const wrapped = recordFetch(fetch, recorder, { onError: (error) => errors.push(error) });
  expect(await (await wrapped(`${address}/v1/models`)).text()).toBe('plain');
  expect(await recorded()).toEqual([]);
  await recorder.close();
  script = { type: 'application/json', pieces: ['{"choices":[{"message":{"content":"yes"}}]}'] };
  const url = `${address}/chat/completions`;
  const response = await wrapped(url, post({ messages: [{ role: 'user', content: 'a' }] }));
  expect(await response.json()).toEqual({ choices: [{ message: { content: 'yes' } }] });
  expect(errors.length).toBeGreaterThan(0);
});

test('server-sent events are read whatever their pieces are', () => {
  const bytes = new TextEncoder().encode(
    ': hi\r\ndata: grüße 🙂\r\n\r\nevent: x\ndata: a\ndata: b\n\ndata:last',
  );
  for (let size = 1; size <= bytes.length; size++) {
    const seen: string[] = [];
    const reader = new SseReader((data) => seen.push(data));
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    reader.end();
    expect(seen, `pieces of ${size}`).toEqual(['grüße 🙂', 'a\nb', 'last']);
  }
});

const USAGE = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const STOP = { unified: 'stop' as const, raw: 'stop' };

test('the AI SDK: a stream', async () => {
  const model = wrapLanguageModel({
    model: new MockLanguageModelV3({
      modelId: 'mock-1',
      doStream: () =>
        Promise.resolve({
          stream: simulateReadableStream({
            chunks: [
              { type: 'text-start', id: '1' },
              { type: 'text-delta', id: '1', delta: 'Hello, ' },
              { type: 'text-delta', id: '1', delta: 'world' },
              { type: 'text-end', id: '1' },
              { type: 'finish', finishReason: STOP, usage: USAGE },
            ],
          }),
        }),
    }),
    middleware: recordModel(recorder),
  });
  const pieces: string[] = [];
  for await (const piece of streamText({ model, system: 'sys', prompt: 'hi' }).textStream) pieces.push(piece);
  expect(pieces.join('')).toBe('Hello, world');
  const events = await recorded();
  expect(said(events, 'message')).toMatchObject([
    { role: 'system', content: 'sys' },
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: 'Hello, world', model: 'mock-1' },
  ]);
  expect(said(events, 'message_delta').map(({ delta }) => delta)).toEqual(['Hello, ', 'world']);
});

test('the AI SDK: tools over several steps are one session, each thing once', async () => {
  let step = 0;
  const model = wrapLanguageModel({
    model: new MockLanguageModelV3({
      doGenerate: () => {
        step += 1;
        return Promise.resolve({
          content:
            step === 1
              ? [{ type: 'tool-call' as const, toolCallId: 'c1', toolName: 'add', input: '{"a":1,"b":2}' }]
              : [{ type: 'text' as const, text: 'It is 3' }],
          finishReason: step === 1 ? { unified: 'tool-calls' as const, raw: undefined } : STOP,
          usage: USAGE,
          warnings: [],
        });
      },
    }),
    middleware: recordModel(recorder),
  });
  const add = tool({
    inputSchema: jsonSchema<{ a: number; b: number }>({ type: 'object' }),
    execute: ({ a, b }) => ({ sum: a + b }),
  });
  const { text } = await generateText({
    model,
    prompt: 'what is 1 + 2',
    tools: { add },
    stopWhen: ({ steps }) => steps.length === 2,
  });
  expect(text).toBe('It is 3');
  const events = await recorded();
  expect(said(events, 'message').map(({ role, content }) => [role, content])).toEqual([
    ['user', 'what is 1 + 2'],
    ['assistant', 'It is 3'],
  ]);
  expect(said(events, 'tool_call')).toMatchObject([
    { name: 'add', call_id: 'c1', arguments: { a: 1, b: 2 } },
  ]);
  expect(said(events, 'tool_result')).toEqual([{ name: 'add', call_id: 'c1', output: { sum: 3 } }]);
  expect(new Set(events.map(({ session_id }) => session_id)).size).toBe(1);
});

test('the AI SDK: a model that fails', async () => {
  const model = wrapLanguageModel({
    model: new MockLanguageModelV3({ doGenerate: () => Promise.reject(new Error('no model today')) }),
    middleware: recordModel(recorder),
  });
  await expect(generateText({ model, prompt: 'hi', maxRetries: 0 })).rejects.toThrow('no model today');
  expect(said(await recorded(), 'message')[1]).toMatchObject({
    partial: true,
    metadata: { error: 'no model today' },
  });
});
