// The outbox file, cut at every byte and damaged at every byte: what was whole is read, what is damaged is given apart.

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileOutbox } from '../src/outbox/file.js';
import { addLine, read, removeLine } from '../src/outbox/lines.js';

const EVENTS = ['{"a":1}', '{"text":"grüße 🙂"}', '{"b":"x y"}', '{"c":null}'];

function file(): Buffer {
  const lines = EVENTS.map((text, i) => addLine(i + 1, text));
  return Buffer.from(lines.slice(0, 3).join('') + removeLine([2]) + (lines[3] ?? ''));
}

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'chasm-outbox-'))));
afterEach(() => rm(folder, { recursive: true }));

test('a file that ends at any byte gives all whole lines and nothing else', () => {
  const whole = file();
  for (let length = 0; length <= whole.length; length++) {
    const { live, whole: end, damaged } = read(whole.subarray(0, length));
    const ends = [...whole.entries()].filter(([, byte]) => byte === 10).map(([i]) => i);
    // a line is whole without its newline, too
    const lines = ends.filter((at) => at <= length).length;
    const expected = new Map(
      EVENTS.map((text, i): [number, string] => [i + 1, text]).slice(0, Math.min(lines, 3)),
    );
    if (lines >= 4) expected.delete(2);
    if (lines >= 5) expected.set(4, EVENTS[3] ?? '');
    expect(live, `cut at ${length}`).toEqual(expected);
    expect(end).toBe(lines === 0 ? 0 : Math.min((ends[lines - 1] ?? 0) + 1, length));
    expect(damaged).toEqual([]);
  }
});

test('a flipped byte costs its line alone, and that is given apart', () => {
  const whole = file();
  for (let at = 0; at < whole.length; at++) {
    if (whole[at] === 10) continue;
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ 0x01;
    if (bytes[at] === 10) continue;
    const { damaged, live } = read(bytes);
    expect(damaged.length, `flipped at ${at}`).toBe(1);
    expect(live.size).toBeGreaterThanOrEqual(2);
  }
});

test('the next outbox takes over what a dead one left, cut at every byte', async () => {
  const whole = file();
  for (let length = 0; length <= whole.length; length += 7) {
    await writeFile(join(folder, 'aaaaaaaaaaaa.events'), whole.subarray(0, length));
    const outbox = new FileOutbox(folder);
    await outbox.open();
    const found = await outbox.adopt(1 << 20);
    expect(found.map(({ text }) => text)).toEqual([...read(whole.subarray(0, length)).live.values()]);
    outbox.remove(found.map(({ key }) => key));
    await outbox.close();
    expect(await readdir(folder)).toEqual([]);
  }
});

test('what the living have is left to them, what was closed is taken over once', async () => {
  const [first, second, third] = [new FileOutbox(folder), new FileOutbox(folder), new FileOutbox(folder)];
  await Promise.all([first.open(), second.open(), third.open()]);
  await Promise.all([first.add('{"n":1}'), first.add('{"n":2}')]);
  expect(await second.adopt(1 << 20)).toEqual([]);
  await first.close();
  const taken = await Promise.all([second.adopt(1 << 20), third.adopt(1 << 20)]);
  expect(taken.flat().map(({ text }) => text)).toEqual(['{"n":1}', '{"n":2}']);
  expect(taken.filter((found) => found.length > 0).length).toBe(1);
  await Promise.all([second.close(), third.close()]);
});

test('what has no room waits, and nothing is open to others', async () => {
  const first = new FileOutbox(folder);
  await first.open();
  await first.add(JSON.stringify({ text: 'x'.repeat(1000) }));
  await first.close();
  const second = new FileOutbox(folder);
  await second.open();
  expect(await second.adopt(100)).toEqual([]);
  expect((await second.adopt(10_000)).length).toBe(1);
  for (const name of await readdir(folder)) {
    if (name.endsWith('.sock')) continue;
    expect((await stat(join(folder, name))).mode & 0o077, name).toBe(0);
  }
  await second.close();
});

test('damaged lines are set aside before the rest is used, and told', async () => {
  const bytes = file();
  bytes[12] = (bytes[12] ?? 0) ^ 0x01;
  await writeFile(join(folder, 'aaaaaaaaaaaa.events'), bytes);
  const outbox = new FileOutbox(folder);
  const troubles: string[] = [];
  outbox.onTrouble = (message) => troubles.push(message);
  await outbox.open();
  expect((await outbox.adopt(1 << 20)).length).toBe(2);
  expect(troubles.length).toBe(1);
  const [name] = (await readdir(folder)).filter((one) => one.endsWith('.damaged'));
  expect((await readFile(join(folder, name ?? ''))).length).toBeGreaterThan(0);
  await outbox.close();
});

test('a file whose events are done is empty, and small while some wait', async () => {
  const outbox = new FileOutbox(folder);
  await outbox.open();
  const first = await outbox.add('{"kept":true}');
  const text = JSON.stringify({ text: 'x'.repeat(200_000) });
  for (let i = 0; i < 60; i++) outbox.remove([await outbox.add(text)]);
  // behind all that was asked for before
  await outbox.add('{"last":true}');
  const [name] = (await readdir(folder)).filter((one) => one.endsWith('.events'));
  expect((await stat(join(folder, name ?? ''))).size).toBeLessThan(6 << 20);
  await outbox.close();
  const next = new FileOutbox(folder);
  await next.open();
  expect((await next.adopt(1 << 30)).map(({ text }) => text)).toEqual(['{"kept":true}', '{"last":true}']);
  expect(first).toBe('0:1');
  await next.close();
});

test('what is done with leaves the file a moment later, also where nothing more is said', async () => {
  const outbox = new FileOutbox(folder);
  await outbox.open();
  const [kept, done] = await Promise.all([outbox.add('{"kept":true}'), outbox.add('{"done":true}')]);
  const [name] = (await readdir(folder)).filter((one) => one.endsWith('.events'));
  const bytes = () => readFile(join(folder, name ?? ''));
  outbox.remove([done]);
  await expect.poll(async () => [...read(await bytes()).live.values()]).toEqual(['{"kept":true}']);
  outbox.remove([kept]);
  await expect.poll(async () => (await bytes()).length).toBe(0);
  // and what comes then is there
  await outbox.add('{"next":true}');
  expect([...read(await bytes()).live.values()]).toEqual(['{"next":true}']);
  // removed and not said yet: the end says it
  outbox.remove([await outbox.add('{"done":2}')]);
  await outbox.close();
  expect([...read(await bytes()).live.values()]).toEqual(['{"next":true}']);
});
