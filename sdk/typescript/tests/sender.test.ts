// The sender against a recorder that the tests play: refusals, pauses, lost acks, half-open connections, WebSockets that a proxy breaks.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { OutboxFullError, Recorder, type Remark, type RecorderOptions } from '../src/node.js';
import { Scripted, results, until, type Heard } from './scripted.js';

let server: Scripted;
let folder: string;
const open: Recorder[] = [];

beforeEach(async () => {
  server = await Scripted.start();
  folder = await mkdtemp(join(tmpdir(), 'chasm-sender-'));
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((recorder) => recorder.close({ timeout: 1 })));
  await server.end();
  await rm(folder, { recursive: true });
});

async function connect(options: Partial<RecorderOptions> = {}): Promise<Recorder> {
  const recorder = await Recorder.connect({
    client: 'test/1',
    server: server.url,
    dataDir: folder,
    ...options,
  });
  open.push(recorder);
  return recorder;
}

const texts = (events: Heard[]) =>
  events.filter(({ event_type }) => event_type === 'message').map(({ data }) => data['content']);

test('events go in order, numbered, and leave the outbox with the ack', async () => {
  const recorder = await connect();
  const session = recorder.session({ title: 'a title', provider: 'somebody' });
  const receipts = await Promise.all(
    ['a', 'b', 'c'].map((content) => session.message({ role: 'user', content })),
  );
  expect(receipts.map(({ seq }) => seq)).toEqual([2, 3, 4]);
  expect(await recorder.flush()).toBe(true);
  expect(server.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  expect(server.events[0]?.data).toEqual({ title: 'a title', provider: 'somebody' });
  expect(texts(server.events)).toEqual(['a', 'b', 'c']);
  expect(server.hellos[0]?.client).toBe('test/1');
  expect(recorder.state).toMatchObject({
    connection: 'connected',
    waiting: 0,
    waitingBytes: 0,
    outbox: 'file',
  });
  await recorder.close();
  expect(await readdir(join(folder, 'outbox'))).toEqual([]);
});

test('what was not acknowledged goes again over the next connection, in order', async () => {
  let frames = 0;
  const ack = server.onFrame;
  server.onFrame = (socket, frame, events) => {
    frames += 1;
    // the first connection takes all and acknowledges only its first frame
    if (server.connections.length > 1 || frame === 1) return ack(socket, frame, events);
    if (frames === 3) socket.terminate();
  };
  const recorder = await connect();
  const session = recorder.session();
  for (let i = 0; i < 60; i++) void session.message({ role: 'user', content: String(i) });
  expect(await recorder.flush()).toBe(true);
  const [first = [], second = []] = server.connections;
  const [taken = []] = first;
  expect([...taken, ...second.flat()].map(({ seq }) => seq)).toEqual(
    Array.from({ length: 61 }, (_, i) => i + 1),
  );
  expect(server.hellos[1]?.sessions).toEqual([session.id]);
});

test('what the recorder shows to have does not go again, unless there is doubt', async () => {
  for (const [events, again] of [
    [3, [4]],
    [9, [2, 3, 4]],
  ] as const) {
    const before = server.connections.length;
    server.onFrame = (socket, frame, [event]) => {
      if (server.connections.length === before + 1 && (event?.seq ?? 0) > 1) return;
      server.say({ type: 'ack', through: frame, recorded: 1, duplicates: 0 }, socket);
    };
    const recorder = await connect({ outbox: 'memory' });
    const session = recorder.session();
    expect(await recorder.flush()).toBe(true);
    await Promise.all([2, 3, 4].map((n) => session.message({ role: 'user', content: String(n) })));
    await until(() => server.connections.at(-1)?.flat().length === 4, 'all to be sent');
    server.resume = { [session.id]: { last_seq: 3, events, missing: [] } };
    server.socket?.terminate();
    expect(await recorder.flush()).toBe(true);
    expect(
      server.connections
        .at(-1)
        ?.flat()
        .map(({ seq }) => seq),
    ).toEqual(again);
    await recorder.close();
  }
});

test('a refusal that passes is sent again, another one is set aside and told', async () => {
  let isFull = true;
  server.onFrame = (socket, frame, events) => {
    events.forEach(({ data, event_id }, index) => {
      const say = (code: string) =>
        server.say({ type: 'error', frame, index, event_id, code, message: `it is ${code}` }, socket);
      if (data['content'] === 'bad') say('invalid_field');
      if (data['content'] !== 'later' || !isFull) return;
      isFull = false;
      say('storage_full');
    });
    server.say({ type: 'ack', through: frame, recorded: 0, duplicates: 0 }, socket);
  };
  const recorder = await connect();
  const refused: Remark[] = [];
  recorder.on('refused', (one) => refused.push(one));
  const session = recorder.session();
  for (const content of ['good', 'bad', 'later', 'last']) void session.message({ role: 'user', content });
  expect(await recorder.flush()).toBe(true);
  // whether the last one was on its way already
  expect([
    ['good', 'bad', 'later', 'last', 'later'],
    ['good', 'bad', 'later', 'later', 'last'],
  ]).toContainEqual(texts(server.events));
  expect(refused).toMatchObject([
    { code: 'invalid_field', session_id: session.id, event: { data: { content: 'bad' } } },
  ]);
  expect(recorder.state.refused).toBe(1);
  await recorder.close();
  const aside = await readFile(join(folder, 'outbox', 'refused.jsonl'), 'utf8');
  expect(JSON.parse(aside)).toMatchObject({ code: 'invalid_field', event: { data: { content: 'bad' } } });
});

test('while recording is paused events wait', async () => {
  server.welcome = { ...server.welcome, paused: true };
  const recorder = await connect();
  await until(() => recorder.state.connection === 'paused', 'the pause');
  await recorder.session().message({ role: 'user', content: 'hi' });
  expect(await recorder.flush({ timeout: 50 })).toBe(false);
  expect(server.events).toEqual([]);
  server.say({ type: 'resumed' });
  expect(await recorder.flush()).toBe(true);
  expect(texts(server.events)).toEqual(['hi']);
});

test('frames that are not acknowledged are bounded: one at first, more with each ack', async () => {
  const { onFrame } = server;
  server.onFrame = () => undefined;
  const recorder = await connect();
  const session = recorder.session();
  for (let i = 0; i < 400; i++) await session.message({ role: 'user', content: String(i) });
  await until(() => server.events.length > 0, 'the first frame');
  expect(await recorder.flush({ timeout: 200 })).toBe(false);
  expect(server.connections[0]?.length).toBe(1);
  expect(recorder.state.waiting).toBe(401);

  // acknowledges now and then what is there, from the first frame of the next connection on
  let [open, most] = [0, 0];
  server.onFrame = (socket, frame, events) => {
    open += 1;
    most = Math.max(most, open);
    if (open > 1) return;
    setTimeout(() => {
      open = 0;
      onFrame(socket, server.connections.at(-1)?.length ?? frame, events);
    }, 5);
  };
  server.socket?.terminate();
  for (let i = 400; i < 4000; i++) void session.message({ role: 'user', content: String(i) });
  expect(await recorder.flush()).toBe(true);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(32);
});

test('a connection that is silent for three heartbeats is given up', async () => {
  server.welcome = { ...server.welcome, heartbeat_secs: 0.1 };
  server.answersPings = false;
  const ack = server.onFrame;
  server.onFrame = (...said) => server.connections.length > 1 && ack(...said);
  const recorder = await connect();
  await recorder.session().message({ role: 'user', content: 'hi' });
  expect(await recorder.flush()).toBe(true);
  expect(server.connections.length).toBeGreaterThan(1);
});

test('where WebSockets are broken, REST is used', async () => {
  server.refusesSockets = true;
  let isAway = true;
  server.onPost = ({ body }) => {
    const events = body as Heard[];
    if (events.length > 0 && isAway) {
      isAway = false;
      return {
        status: 503,
        body: { error: { code: 'overloaded', message: 'later' } },
        headers: { 'retry-after': '1' },
      };
    }
    return { status: 200, body: results(events) };
  };
  const recorder = await connect({ token: 'secret' });
  const session = recorder.session();
  for (const content of ['a', 'b']) await session.message({ role: 'user', content });
  expect(await recorder.flush()).toBe(true);
  expect(recorder.state).toMatchObject({ connection: 'connected', transport: 'rest' });
  const sent = server.posted.filter(
    ({ path, body }) => path.endsWith('/events') && (body as Heard[]).length > 0,
  );
  expect(texts((sent.at(-1)?.body ?? []) as Heard[])).toEqual(['a', 'b']);
  expect(new Set(server.posted.map(({ authorization }) => authorization))).toEqual(
    new Set(['Bearer secret']),
  );
  expect(server.posted.every(({ path }) => !path.includes('secret'))).toBe(true);
});

test('who may not connect is told so', async () => {
  server.refusesSockets = true;
  server.onPost = () => ({
    status: 401,
    body: { error: { code: 'unauthorized', message: 'show the token' } },
  });
  const recorder = await connect();
  await until(() => recorder.state.connection === 'refused', 'the refusal');
  expect(recorder.state.lastError).toBe('show the token');
});

test('a token goes into a header, or into a subprotocol where no header can be set', async () => {
  await (await connect({ token: 'secret', WebSocket })).flush();
  await until(() => server.hellos.length === 1, 'a hello');
  // as a browser's class: two arguments and no more
  function BrowserLike(this: unknown, url: string, protocols: string[]) {
    return new WebSocket(url, protocols);
  }
  const browserLike = BrowserLike as unknown as typeof WebSocket;
  await connect({ token: 'secret', WebSocket: browserLike });
  await until(() => server.hellos.length === 2, 'another hello');
  expect(server.authorizations).toEqual(['Bearer secret', undefined]);
  expect(server.protocols).toEqual([undefined, 'chasm.token.secret']);
});

test('a full outbox says so, and drops nothing', async () => {
  const away = server.url;
  await server.end();
  const recorder = await connect({ server: away, limits: { bytes: 2000 } });
  const session = recorder.session();
  const kept: number[] = [];
  for (let i = 0; i < 20; i++)
    await session.message({ role: 'user', content: 'x'.repeat(100) }).then(
      ({ seq }) => kept.push(seq),
      (error: unknown) => expect(error).toBeInstanceOf(OutboxFullError),
    );
  expect(kept.length).toBeLessThan(20);
  await recorder.close({ timeout: 1 });
  server = await Scripted.start();
  const next = await connect();
  expect(await next.flush()).toBe(true);
  // no number is missing: what was not taken over has none
  expect(server.events.map(({ seq }) => seq)).toEqual([1, ...kept]);
});

test('an event larger than any frame is set aside, and does not hold up the rest', async () => {
  server.welcome = { ...server.welcome, max_frame_bytes: 4000 };
  const recorder = await connect();
  const session = recorder.session();
  void session.message({ role: 'user', content: 'x'.repeat(5000) });
  void session.message({ role: 'user', content: 'small' });
  expect(await recorder.flush()).toBe(true);
  expect(texts(server.events)).toEqual(['small']);
  expect(recorder.state.refused).toBe(1);
});

test('a session that changes has snapshots, with what its events say', async () => {
  const recorder = await connect({ snapshotEvery: 20 });
  const session = recorder.session({ title: 'T' });
  await session.message({ role: 'user', content: 'hi', message_id: 'u' });
  await session.delta('a', 'Hel');
  await session.delta('a', 'lo');
  await until(() => JSON.stringify(server.posted).includes('Hello'), 'a snapshot');
  const last = server.posted.at(-1)?.body as { session_id: string; snapshot: { messages: unknown[] } };
  expect(last.session_id).toBe(session.id);
  expect(last.snapshot).toMatchObject({
    title: 'T',
    messages: [
      { role: 'user', content: 'hi', message_id: 'u' },
      { role: 'assistant', content: 'Hello', message_id: 'a', partial: true },
    ],
  });
});
