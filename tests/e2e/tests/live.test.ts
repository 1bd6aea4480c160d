// What is seen while it happens: a client streams, is cut off, comes back and sends again what was lost.

import { afterAll, beforeAll, describe, expect } from 'vitest';
import { Client } from '../src/client';
import { QUICK, Recorder } from '../src/recorder';
import { seen, test, unseen, type Visit } from '../src/visit';
import { until } from '../src/wait';

let recorder: Recorder;
beforeAll(async () => {
  recorder = await Recorder.start({ config: QUICK });
});
afterAll(() => recorder.end());

const strip = (v: Visit) => v.page.locator('.strip');
const state = (v: Visit) => v.page.locator('.session .facts .mark .word');
const last = (v: Visit) => v.page.locator('.entry.message').last();
let clock = Date.now();
const event = (session_id: string, event_type: string, data: Record<string, unknown>, seq?: number) => ({
  session_id,
  event_type,
  data,
  timestamp: new Date((clock += 50)).toISOString(),
  ...(seq === undefined ? {} : { seq }),
});

test('text grows while a client streams it', async ({ open }) => {
  const client = await Client.connect(recorder.address, 'Test Editor/1.0', ['stream']);
  await client.send(
    event('stream', 'session_start', { title: 'Streaming now' }),
    event('stream', 'message', { role: 'user', content: 'Count for me.' }),
  );
  const v = await open(recorder, '#/session/stream');
  await seen(v.page.getByRole('heading', { level: 1, name: 'Streaming now' }));
  await expect.poll(() => state(v).textContent()).toBe('Recording');
  await expect.poll(() => strip(v).textContent()).toContain('1 client');
  await expect.poll(() => strip(v).textContent()).toContain('1 live session');
  const lengths: number[] = [];
  for (let n = 1; n <= 6; n += 1) {
    await client.send(
      event('stream', 'message_delta', { message_id: 'a', role: 'assistant', delta: `word-${n} ` }),
    );
    await seen(v.page.locator('.entry.message', { hasText: `word-${n}` }));
    lengths.push((await last(v).locator('.body').textContent())?.length ?? 0);
  }
  expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
  expect(new Set(lengths).size).toBe(6);
  await seen(v.page.getByText('being written'));
  await client.send(
    event('stream', 'message', {
      message_id: 'a',
      role: 'assistant',
      content: 'word-1 to word-6, **done**.',
    }),
  );
  await unseen(v.page.getByText('being written'));
  await seen(last(v).locator('strong', { hasText: 'done' }));
  await client.send(event('stream', 'session_end', {}));
  await expect.poll(() => state(v).textContent()).toBe('Completed');
  await client.close();
});

test('the end is followed, and not where the reader has scrolled up', async ({ open }) => {
  const client = await Client.connect(recorder.address, 'Test Editor/1.0');
  await client.send(event('follow', 'session_start', { title: 'Followed' }));
  for (let n = 0; n < 30; n += 1)
    await client.send(
      event('follow', 'message', {
        role: n % 2 ? 'assistant' : 'user',
        content: `Line ${n}. ${'text '.repeat(60)}`,
      }),
    );
  const v = await open(recorder, '#/session/follow');
  await seen(v.page.locator('.entry', { hasText: 'Line 29.' }));
  await client.send(event('follow', 'message', { role: 'user', content: 'The newest line' }));
  await seen(v.page.locator('.entry', { hasText: 'The newest line' }));
  const scroll = v.page.locator('.transcript .scroll');
  // as a person does: on and on, until the top is there
  await scroll.hover();
  await expect
    .poll(async () => {
      await v.page.mouse.wheel(0, -5_000);
      return scroll.evaluate((e) => e.scrollTop);
    })
    .toBe(0);
  await seen(v.button('Follow live'));
  await client.send(event('follow', 'message', { role: 'user', content: 'One more line' }));
  await seen(v.button('1 new entry'));
  expect(await scroll.evaluate((e) => e.scrollTop)).toBeLessThan(50);
  await v.button('1 new entry').click();
  await seen(v.page.locator('.entry', { hasText: 'One more line' }));
  await client.send(event('follow', 'session_end', {}));
  await client.close();
});

test('a client that is cut off and comes back: dropped, interrupted, replayed', async ({ open }) => {
  let client = await Client.connect(recorder.address, 'Test Editor/1.0', ['cut']);
  await client.send(
    event('cut', 'session_start', { title: 'Cut off' }, 1),
    event('cut', 'message', { role: 'user', content: 'Before the drop' }, 2),
    event('cut', 'message_delta', { message_id: 'half', role: 'assistant', delta: 'Half an answ' }, 3),
  );
  const v = await open(recorder, '#/session/cut');
  const list = await open(recorder, '#/status');
  await seen(list.page.getByRole('rowheader', { name: /Test Editor/ }));
  await seen(v.page.getByText('Half an answ'));
  await client.drop();
  await expect.poll(() => state(v).textContent()).toBe('Interrupted');
  await seen(v.page.locator('.entry.gap', { hasText: 'Dropped' }).getByText('the client was gone'));
  await seen(v.page.getByText('not back yet'));
  await seen(v.page.getByText('This answer breaks off here'));
  await seen(v.page.getByText('1 session was interrupted'));
  await seen(list.page.locator('.notice', { hasText: /Test Editor.* dropped/ }));
  await unseen(list.page.getByRole('rowheader', { name: /Test Editor/ }));

  client = await Client.connect(recorder.address, 'Test Editor/1.0', ['cut']);
  // what it said while nobody listened, then the rest
  await client.send(
    event('cut', 'message_delta', { message_id: 'half', delta: 'er, whole again.' }, 4),
    event('cut', 'message', { role: 'user', content: 'Said while it was gone' }, 5),
    event('cut', 'message', { role: 'user', content: 'And this is new' }, 7),
  );
  await expect.poll(() => state(v).textContent()).toBe('Recording');
  await seen(v.page.getByText('Half an answer, whole again.'));
  await seen(v.page.locator('.entry.gap', { hasText: /back \d\d:\d\d/ }));
  await seen(
    v.page
      .locator('.entry.missing', { hasText: '1 event is missing' })
      .getByText('number 6 of the client’s own count'),
  );
  await seen(v.page.locator('.rail .piece.missing'));
  await seen(list.page.locator('.notice', { hasText: 'A session goes on' }));
  await unseen(v.page.getByText('1 session was interrupted'));

  await client.send(event('cut', 'message', { role: 'user', content: 'Number six, late' }, 6));
  await unseen(v.page.locator('.entry.missing'));
  await client.close();
});

test('a dropped session is seen in the list at once, in shape and word', async ({ open }) => {
  const client = await Client.connect(recorder.address, 'Test Editor/1.0', ['listed']);
  await client.send(event('listed', 'session_start', { title: 'In the list' }));
  const v = await open(recorder, '#/');
  const row = v.page.locator('.row', { hasText: 'In the list' });
  await expect.poll(() => row.locator('.state').textContent()).toBe('Live');
  await seen(row.locator('svg title', { hasText: 'Recording' }).locator('..'));
  await client.drop();
  await expect.poll(() => row.locator('.state').textContent()).toBe('Interrupted');
  await until(async () => (await row.locator('.mark.interrupted').count()) === 1, 'the half disc');
  expect(await row.locator('.mark.interrupted title').textContent()).toBe('Interrupted');
});

describe('words', () => {
  let slow: Recorder;
  beforeAll(async () => {
    // the database gets what was said long after it was said: what is seen until then came word by word
    slow = await Recorder.start({ config: '[recording]\nflush_ms = 60000\n' });
  });
  afterAll(() => slow.end());

  test('are seen one after the other, in their order, while the answer is written', async ({ open }) => {
    const WORDS = Array.from({ length: 60 }, (_, n) => `w${n}.`);
    const client = await Client.connect(slow.address, 'Test Editor/1.0', ['words']);
    await client.send(
      event('words', 'session_start', { title: 'Word by word' }),
      event('words', 'message', { role: 'user', content: 'Write.' }),
    );
    const v = await open(slow, '#/session/words');
    await seen(v.page.getByRole('heading', { level: 1, name: 'Word by word' }));
    await seen(v.page.locator('.entry', { hasText: 'Write.' }));
    // every text that the answer ever had, as it was put on the page
    await v.page.evaluate(() => {
      const states: string[] = [];
      Object.assign(window, { states });
      const look = (): void => {
        const entries = [...document.querySelectorAll('.entry.message')].map((e) => e.textContent ?? '');
        const text = entries.find((one) => one.includes('w0.')) ?? '';
        const said = text.match(/w\d+\./g)?.join(' ') ?? '';
        if (said !== '' && said !== states.at(-1)) states.push(said);
      };
      const whole = { childList: true, subtree: true, characterData: true };
      new MutationObserver(look).observe(document.body, whole);
    });
    const answer = v.page.locator('.entry.message', { hasText: 'w0.' });
    for (const [n, word] of WORDS.entries()) {
      await client.send(
        event('words', 'message_delta', { message_id: 'a', role: 'assistant', delta: `${word} ` }),
      );
      // now and then the reader sees it before it goes on
      if (n % 10 === 0) await seen(answer.filter({ hasText: word }));
    }
    await seen(answer.filter({ hasText: WORDS.at(-1) ?? '' }));
    expect(await answer.count()).toBe(1);
    const states = await v.page.evaluate(() => (window as unknown as { states: string[] }).states);
    expect(states.length).toBeGreaterThan(6);
    const all = WORDS.join(' ');
    for (const said of states) expect(all.startsWith(said), said).toBe(true);
    expect(states.map((said) => said.length)).toEqual(
      states.map((said) => said.length).sort((a, b) => a - b),
    );
    expect(states.at(-1)).toBe(all);

    // the whole answer takes the place of its words
    await client.send(
      event('words', 'message', { message_id: 'a', role: 'assistant', content: 'w0. and **all** the rest.' }),
    );
    await seen(v.page.locator('.entry.message strong', { hasText: 'all' }));
    await unseen(v.page.getByText('being written'));
    expect(await v.page.locator('.entry.message').count()).toBe(2);
    await client.close();
  });
});
