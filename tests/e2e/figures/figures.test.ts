// How quick and how heavy the page is, with a hundred thousand sessions, with very long ones, and after a long stream.
//
// Prints one table. Asserts counts, never a clock: machines differ.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from 'vitest';
import { Client } from '../src/client';
import { LONG, LONGEST, MANY, manySessions } from '../src/many';
import { ROOT } from '../src/places';
import { Recorder } from '../src/recorder';
import { seen, test, type Visit } from '../src/visit';
import { until } from '../src/wait';

const STREAM_SECONDS = Number(process.env['CHASM_STREAM_SECONDS'] ?? 20);
const ROUNDS = 5;

let recorder: Recorder;
const table: [string, string][] = [];
beforeAll(async () => {
  recorder = await Recorder.start({ from: await manySessions() });
});
afterAll(async () => {
  await recorder.end();
  const wide = Math.max(...table.map(([name]) => name.length));
  console.log(['', ...table.map(([name, value]) => `${name.padEnd(wide)}  ${value}`), ''].join('\n'));
});

function note(name: string, value: string): void {
  table.push([name, value]);
}

const ms = (n: number): string => `${Math.round(n)} ms`;
const mb = (n: number): string => `${(n / 1e6).toFixed(1)} MB`;

/** The value that this share of all is not above. */
function share(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

const three = (values: readonly number[]): string =>
  `p50 ${ms(share(values, 0.5))}, p95 ${ms(share(values, 0.95))}, most ${ms(Math.max(...values))} (${values.length} times)`;

/** Milliseconds until a selector is in the page, by the page's own clock, after something is done there. */
function taken(
  v: Visit,
  what: { hash?: string; typed?: string; selector: string; holds: string; not?: string },
): Promise<number> {
  return v.page.evaluate(async ({ hash, typed, selector, holds, not = '\0' }) => {
    const begun = performance.now();
    if (hash !== undefined) window.location.hash = hash;
    const field = document.querySelector<HTMLInputElement>('.search input');
    if (typed !== undefined && field) {
      field.value = typed;
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    }
    for (;;) {
      await new Promise(requestAnimationFrame);
      if (
        [...document.querySelectorAll(selector)].some(
          (e) => e.textContent?.includes(holds) && !e.textContent.includes(not),
        )
      ) {
        // the frame that shows it
        await new Promise(requestAnimationFrame);
        return performance.now() - begun;
      }
      if (performance.now() - begun > 60_000) throw new Error(`never: ${selector} with ${holds}`);
    }
  }, what);
}

/** Frames longer than 50 ms while a pane is scrolled from end to end. */
async function longFrames(
  v: Visit,
  selector: string,
  steps: number,
): Promise<{ frames: number; long: number; longest: number }> {
  return v.page.evaluate(
    async ({ selector, steps }) => {
      const pane = document.querySelector(selector);
      if (!pane) throw new Error(`there is no ${selector}`);
      const times: number[] = [];
      let last = performance.now();
      for (let n = 0; n < steps; n += 1) {
        pane.scrollBy({ top: 700 });
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        times.push(now - last);
        last = now;
      }
      return {
        frames: times.length,
        long: times.filter((time) => time > 50).length,
        longest: Math.max(...times),
      };
    },
    { selector, steps },
  );
}

async function heap(v: Visit): Promise<{ bytes: number; nodes: number }> {
  const session = await v.context.newCDPSession(v.page);
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  const get = (name: string): number => metrics.find((one) => one.name === name)?.value ?? Number.NaN;
  return { bytes: get('JSHeapUsedSize'), nodes: get('Nodes') };
}

test('the first list', async ({ open }) => {
  const firsts: number[] = [];
  const painted: number[] = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    const v = await open(recorder, 'icon.svg');
    await v.context.addInitScript(() => {
      const look = (): void => {
        if (document.querySelector('[data-row]')) Object.assign(window, { listed: performance.now() });
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    await v.page.goto(`${recorder.address}/#/`);
    firsts.push(
      await until(() => v.page.evaluate(() => (window as unknown as { listed?: number }).listed), 'the list'),
    );
    painted.push(
      await v.page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0),
    );
    await seen(v.page.getByText('100,002 sessions'));
  }
  note(`first paint, cold, ${MANY} sessions`, three(painted));
  note('first rows of the list, cold', three(firsts));
});

test('search as one types', async ({ open }) => {
  const v = await open(recorder);
  await seen(v.page.locator('[data-row]'));
  const times: number[] = [];
  for (const word of [
    'deadline',
    'connection',
    'parser',
    'fixture',
    'größe',
    '日志',
    'websocket',
    'snapshot',
    'index',
    'lock',
  ]) {
    for (let length = Math.min(3, word.length); length <= word.length; length += 2) {
      const typed = word.slice(0, length);
      await taken(v, { typed: '', selector: '.total', holds: '100,002 sessions' });
      times.push(await taken(v, { typed, selector: '.total', holds: 'fit', not: '100,002' }));
      await seen(v.page.locator('.row mark'));
    }
  }
  expect(times.length).toBeGreaterThan(20);
  note('search as one types, until the list is there (90 ms pause included)', three(times));
});

test('opening long sessions, and scrolling', async ({ open }) => {
  const v = await open(recorder, '#/');
  await seen(v.page.locator('[data-row]'));
  const list = await longFrames(v, '.list', 300);
  expect(list.frames).toBe(300);
  note('list: frames over 50 ms of 300 while scrolling', `${list.long}, longest ${ms(list.longest)}`);
  for (const [id, entries] of [
    [LONG.id, LONG.messages],
    [LONGEST.id, LONGEST.entries],
  ] as const) {
    const times: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      await v.go('#/');
      await seen(v.page.getByText('Nothing is open'));
      times.push(
        await taken(v, { hash: `#/session/${id}`, selector: '.transcript .entry', holds: 'Prompt' }),
      );
    }
    note(`opening ${entries} entries`, three(times));
    expect(await v.page.locator('.entry').count()).toBeLessThan(150);
    const scrolled = await longFrames(v, '.transcript .scroll', 300);
    expect(scrolled.frames).toBe(300);
    note(
      `${entries} entries: frames over 50 ms of 300 while scrolling`,
      `${scrolled.long}, longest ${ms(scrolled.longest)}`,
    );
    const held = await heap(v);
    note(`${entries} entries: heap of the page, nodes`, `${mb(held.bytes)}, ${held.nodes}`);
  }
});

test('a long stream', async ({ open }) => {
  const client = await Client.connect(recorder.address, 'Stream/1.0', ['streamed']);
  await client.send({ session_id: 'streamed', event_type: 'session_start', data: { title: 'Streamed' } });
  const v = await open(recorder, '#/session/streamed');
  await seen(v.page.getByRole('heading', { level: 1, name: 'Streamed' }));
  const before = await heap(v);
  const behind: number[] = [];
  const end = Date.now() + STREAM_SECONDS * 1_000;
  let [messages, deltas] = [0, 0];
  while (Date.now() < end) {
    messages += 1;
    await client.send({
      session_id: 'streamed',
      event_type: 'message',
      data: { role: 'user', content: `Prompt ${messages}` },
    });
    const message_id = `m${messages}`;
    for (let n = 0; n < 40; n += 1) {
      deltas += 1;
      const delta = n % 10 === 9 ? '\n\n```rust\nlet x = 1;\n```\n\n' : `word${n} of answer ${messages} `;
      await client.send({
        session_id: 'streamed',
        event_type: 'message_delta',
        data: { message_id, role: 'assistant', delta },
      });
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const sent = Date.now();
    await client.send({
      session_id: 'streamed',
      event_type: 'message_delta',
      data: { message_id, delta: `mark${messages}.` },
    });
    await v.page
      .locator('.entry', { hasText: `mark${messages}.` })
      .first()
      .waitFor();
    behind.push(Date.now() - sent);
  }
  await client.send({ session_id: 'streamed', event_type: 'session_end', data: {} });
  await expect.poll(async () => (await recorder.api.session('streamed')).message_count).toBe(messages * 2);
  const after = await heap(v);
  note(`streamed for ${STREAM_SECONDS} s: messages, deltas`, `${messages * 2}, ${deltas + messages}`);
  note('streamed text, seen after it was sent', three(behind));
  note('heap of the page before, after', `${mb(before.bytes)}, ${mb(after.bytes)}`);
  note('nodes before, after', `${before.nodes}, ${after.nodes}`);
  await client.close();
});

test('the bundle', async () => {
  const { stdout } = await promisify(execFile)('node', [join(ROOT, 'ui/scripts/size.mjs')]);
  expect(stdout).toContain('first view');
  note('bundle, gzip', stdout.split('\n')[0] ?? '');
});
