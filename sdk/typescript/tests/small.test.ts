// The small pieces: ids, waits between attempts, addresses, and where nothing keeps what waits.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serverUrl } from '../src/address.js';
import { Backoff } from '../src/backoff.js';
import { Recorder as PageRecorder } from '../src/browser.js';
import { ClosedError, EventError, OptionError, Recorder } from '../src/node.js';
import { utf8Length } from '../src/outbox/outbox.js';
import { uuidv7 } from '../src/uuid.js';
import { Scripted } from './scripted.js';

test('ids are UUIDv7, each greater than the one before, also where the clock goes back', () => {
  const times = [1000, 1000, 999, 5, 1001];
  const ids = Array.from({ length: 20_000 }, (_, i) =>
    uuidv7(1_700_000_000_000 + (times[i % times.length] ?? 0)),
  );
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('waits grow, have an end, and begin anew', () => {
  const backoff = new Backoff(100, 1000, () => 1);
  expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([100, 200, 400, 800, 1000, 1000]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
  expect(new Backoff(100, 1000, () => 0).next()).toBe(50);
});

test('bytes are counted as UTF-8', () => {
  for (const text of ['', 'plain', 'grüße', '漢字', '🙂🙂', 'a🙂é漢'])
    expect(utf8Length(text)).toBe(Buffer.byteLength(text));
});

test('an address has host and port, and nothing that could be a token', () => {
  expect(serverUrl('127.0.0.1:9000')).toBe('http://127.0.0.1:9000');
  for (const wrong of [
    'ftp://127.0.0.1',
    'http://a@127.0.0.1',
    'http://127.0.0.1/?token=x',
    'http://127.0.0.1/x',
    '::',
  ])
    expect(() => serverUrl(wrong), wrong).toThrow(OptionError);
});

test('where nothing keeps what waits, memory does, and the state says so', async () => {
  const server = await Scripted.start();
  const recorder = await PageRecorder.connect({ client: 'page/1', server: server.url, snapshotEvery: 0 });
  expect(recorder.state.outbox).toBe('memory');
  await recorder.session().message({ role: 'user', content: 'hi' });
  expect(await recorder.flush()).toBe(true);
  await recorder.close();
  expect(recorder.state.connection).toBe('closed');
  await expect(recorder.session().message({ role: 'user', content: 'late' })).rejects.toThrow(ClosedError);
  await server.end();
});

test('what cannot be an event is refused at once, without a hole in the numbers', async () => {
  const server = await Scripted.start();
  const recorder = await Recorder.connect({
    client: 'x/1',
    server: server.url,
    outbox: 'memory',
    snapshotEvery: 0,
  });
  const session = recorder.session();
  const ring: Record<string, unknown> = {};
  ring['ring'] = ring;
  await expect(session.event('x', ring)).rejects.toThrow(EventError);
  await expect(session.event('x', {}, { timestamp: new Date(NaN) })).rejects.toThrow(EventError);
  expect((await session.event('x', {}, { timestamp: '2026-01-01T00:00:00Z' })).seq).toBe(2);
  await recorder.close();
  await server.end();
});

test('a session that an earlier process left goes on with its numbers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chasm-small-'));
  const away = { client: 'x/1', server: 'http://127.0.0.1:1', dataDir: folder };
  const first = await Recorder.connect(away);
  expect((await first.session({ id: 's' }).message({ role: 'user', content: 'a' })).seq).toBe(2);
  await first.close({ timeout: 1 });
  const second = await Recorder.connect(away);
  expect(second.state.waiting).toBe(2);
  expect((await second.session({ id: 's' }).message({ role: 'user', content: 'b' })).seq).toBe(4);
  await second.close({ timeout: 1 });
  await rm(folder, { recursive: true });
});

test('sessions that nobody ends are not all kept in mind, and can be written on', async () => {
  const server = await Scripted.start();
  const recorder = await Recorder.connect({
    client: 'x/1',
    server: server.url,
    outbox: 'memory',
    snapshotEvery: 0,
  });
  const first = recorder.session({ id: 'first' });
  for (let i = 0; i < 600; i++) recorder.session();
  expect((await first.message({ role: 'user', content: 'still here' })).seq).toBe(2);
  expect(recorder.session({ id: 'first' })).not.toBe(first);
  expect(await recorder.flush()).toBe(true);
  server.socket?.terminate();
  await first.message({ role: 'user', content: 'again' });
  expect(await recorder.flush()).toBe(true);
  expect(server.hellos.at(-1)?.sessions.length).toBeLessThanOrEqual(501);
  await recorder.close();
  await server.end();
});
