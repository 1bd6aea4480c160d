// What a caller or a place gets wrong: each is said by name, at once, and nothing hangs or is silently less than promised.
//
// Invariant under test: no error is of the language («reading 'length'») or of the platform alone («fetch failed»).

import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { because } from '../src/errors.js';
import { EventError, OptionError, Recorder, type RecorderOptions, type Remark } from '../src/node.js';
import { Scripted } from './scripted.js';

let server: Scripted;
let folder: string;

beforeEach(async () => {
  server = await Scripted.start();
  folder = await mkdtemp(join(tmpdir(), 'chasm-sdk-'));
});

afterEach(async () => {
  await server.end();
  await rm(folder, { recursive: true, force: true });
});

function connect(options: Partial<RecorderOptions> = {}): Promise<Recorder> {
  return Recorder.connect({
    client: 'wrong/1',
    server: server.url,
    dataDir: folder,
    snapshotEvery: 0,
    ...options,
  });
}

/** What a caller without types can say. */
const untyped = (value: unknown): never => value as never;

test('an event that is none is refused by the name of what is missing, and nothing of it is recorded', async () => {
  const recorder = await connect();
  const session = recorder.session();
  const wrong: [Promise<unknown>, RegExp][] = [
    [session.message(untyped('hello')), /message\(\) takes an object with role and content, not 'hello'/],
    [session.message(untyped(undefined)), /message\(\) takes an object/],
    [session.message(untyped({ role: 'user' })), /message\(\) needs content: .*, not undefined/],
    [session.message(untyped({ content: 'x' })), /message\(\) needs role/],
    [session.delta('m', untyped(undefined)), /delta\(\) needs delta/],
    [session.toolCall(untyped({})), /toolCall\(\) needs name/],
    [session.toolResult(untyped(null)), /toolResult\(\) takes an object, not null/],
    [session.event('x', untyped('text')), /event\(\) takes an object, not 'text'/],
  ];
  for (const [done, said] of wrong) {
    await expect(done).rejects.toThrow(EventError);
    await expect(done).rejects.toThrow(said);
  }
  expect(() => recorder.session(untyped('my-chat'))).toThrow(EventError);
  await session.message({ role: 'user', content: [] });
  expect(await recorder.flush()).toBe(true);
  const events = server.connections.flat(2).filter((event) => event.event_type !== 'session_start');
  expect(events.map((event) => event.data['content'])).toEqual([[]]);
  await recorder.close();
});

test('an option that makes no sense is said', async () => {
  await expect(connect({ outbox: untyped('foo') })).rejects.toThrow(/outbox is 'memory' or .* not 'foo'/);
  await expect(connect({ mode: untyped('fast') })).rejects.toThrow(OptionError);
  await expect(Recorder.connect(untyped(undefined))).rejects.toThrow(/needs client/);
  await expect(Recorder.connect(untyped({ client: 7 }))).rejects.toThrow(OptionError);
});

test('an outbox that cannot be on disk is told to the first who listens, once, and stays in the state', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  const places = process.platform === 'linux' ? [file, '/proc/x', '/proc/x/y/z'] : [file];
  for (const dataDir of places) {
    const recorder = await connect({ dataDir });
    const heard: Remark[] = [];
    recorder.on('warning', (warning) => heard.push(warning));
    recorder.on('warning', (warning) => heard.push(warning));
    await recorder.session().message({ role: 'user', content: 'hi' });
    expect(await recorder.flush()).toBe(true);
    expect(recorder.state, dataDir).toMatchObject({ outbox: 'memory', lastError: undefined });
    expect(recorder.state.outboxError, dataDir).toMatch(/ENOTDIR|ENOENT/);
    // by both listeners
    expect(heard.map(({ code }) => code)).toEqual(['outbox_memory', 'outbox_memory']);
    expect(heard[0]?.message).toMatch(/memory alone.*dataDir/);
    await recorder.close();
  }
});

test('folders that are missing are made, for this user alone', async () => {
  const dataDir = join(folder, 'a', 'b', 'c');
  const recorder = await connect({ dataDir });
  expect(recorder.state).toMatchObject({ outbox: 'file' });
  expect(recorder.state.outboxError).toBeUndefined();
  if (process.platform !== 'win32') expect((await stat(join(folder, 'a'))).mode & 0o777).toBe(0o700);
  await recorder.close();
});

test('why nobody answers is said with its reason', async () => {
  const gone = server.url;
  await server.end();
  const recorder = await connect({ server: gone, mode: 'batch' });
  await expect.poll(() => recorder.state.lastError).toMatch(/does not answer: .*ECONNREFUSED/);
  await recorder.close();
  const several = new AggregateError([new Error('connect ECONNREFUSED ::1:1')], '');
  expect(because(new TypeError('fetch failed', { cause: several }))).toBe(
    'fetch failed (connect ECONNREFUSED ::1:1)',
  );
});

test('a server that is no recorder is called that', async () => {
  const other = createServer((_, response) => response.end('<html>hello</html>'));
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const recorder = await connect({ server: `http://127.0.0.1:${port}`, mode: 'batch' });
  await expect.poll(() => recorder.state.lastError).toMatch(/answers \(200\), but not as a recorder does/);
  await recorder.close();
  other.close();
});
