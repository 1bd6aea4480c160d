// One session: its transcript of every kind, finding, jumping, origins, and what can be changed about it.

import { afterAll, beforeAll, expect } from 'vitest';
import { Recorder } from '../src/recorder';
import { FLAKY, STORIES, tell } from '../src/stories';
import { seen, test, unseen, type Visit } from '../src/visit';
import { until } from '../src/wait';

let recorder: Recorder;
beforeAll(async () => {
  recorder = await Recorder.start();
  for (const story of STORIES) await recorder.api.record(tell(story));
  await recorder.api.record(long());
});
afterAll(() => recorder.end());

const PROMPTS = 60;

/** Prompts with long answers between them, over thirty hours: there is a midnight between. */
function long() {
  const at = (n: number) => new Date(Date.now() - 30 * 3_600_000 + n * 1_800_000).toISOString();
  return [
    { session_id: 'long', event_type: 'session_start', timestamp: at(0), data: { title: 'Long talk' } },
    ...Array.from({ length: PROMPTS }, (_, n) => [
      {
        session_id: 'long',
        event_type: 'message',
        timestamp: at(n + 0.1),
        data: { role: 'user', content: `Prompt number ${n}` },
      },
      {
        session_id: 'long',
        event_type: 'message',
        timestamp: at(n + 0.2),
        data: {
          role: 'assistant',
          content: `Answer number ${n}.\n\n${'Something to read. '.repeat(40)}${n === 41 ? 'the zyzzyva stands here' : ''}`,
        },
      },
    ]).flat(),
  ];
}

const entry = (v: Visit, text: string) => v.page.locator('.entry').filter({ hasText: text });
const heading = (v: Visit) => v.page.getByRole('heading', { level: 1 });
const clipboard = (v: Visit) => v.page.evaluate(() => navigator.clipboard.readText());
const menu = async (v: Visit, name: string) => {
  await v.button('More').click();
  await v.page.getByRole('menu').getByText(name, { exact: true }).click();
};

/** From the top, for a finished session opens there. */
async function flaky(v: Visit): Promise<void> {
  await seen(v.page.getByRole('heading', { level: 1, name: FLAKY.title }));
  await seen(entry(v, 'why does it hang'));
}

test('says what it is: state, editor, place, model, times, counts', async ({ open }) => {
  const v = await open(recorder, '#/session/flaky-websocket');
  await flaky(v);
  const facts = await v.page.locator('.session .facts').textContent();
  for (const fact of ['Completed', 'claude-code', 'chasm', 'claude-opus-4', '5 messages', '4 tool calls'])
    expect(facts).toContain(fact);
  await expect.poll(() => v.page.title()).toContain(FLAKY.title);
});

test('shows Markdown as a page, with code in colours and the table', async ({ open }) => {
  const v = await open(recorder, '#/session/flaky-websocket');
  await flaky(v);
  const page = entry(v, 'The reader task never sees');
  await (await seen(page)).scrollIntoViewIfNeeded();
  expect(await page.locator('strong').first().textContent()).toBe('two');
  await seen(page.locator('table td', { hasText: 'reset by peer' }));
  await seen(page.locator('ol > li'));
  await seen(page.locator('pre .hljs-keyword', { hasText: 'loop' }));
  expect(await page.locator('.block .bar').first().textContent()).toContain('rust');
});

test('copies code and whole messages', async ({ open }) => {
  const v = await open(recorder, '#/session/flaky-websocket');
  await flaky(v);
  const page = entry(v, 'The reader task never sees');
  await page.locator('[data-copy]').first().click();
  await seen(v.toasts.getByText('Copied'));
  expect(await clipboard(v)).toMatch(/^loop \{\n {4}tokio::select!/);
  await entry(v, 'why does it hang').getByRole('button', { name: 'Copy this message' }).click();
  await expect.poll(() => clipboard(v)).toMatch(/^why does it hang/);
});

test('folds tool calls, marks errors, shows arguments and results', async ({ open }) => {
  const v = await open(recorder, '#/session/flaky-websocket');
  await flaky(v);
  const failed = entry(v, 'cargo nextest run -p chasm-server reset_by_peer --retries 0').locator(
    'details.tool',
  );
  expect(await failed.evaluate((e: HTMLDetailsElement) => e.open)).toBe(false);
  const summary = await failed.locator('summary').textContent();
  for (const part of ['Bash', 'failed', '30']) expect(summary).toContain(part);
  await failed.locator('summary').click();
  await seen(failed.getByText('Arguments'));
  await seen(failed.getByText('Error', { exact: true }));
  await seen(failed.getByText('timed out after 30 s'));
  const open_ = await open(recorder, '#/session/slow-query');
  await seen(entry(open_, 'psql'));
});

test('folds thinking and shows unknown events raw', async ({ open }) => {
  const v = await open(recorder, '#/session/flaky-websocket');
  await flaky(v);
  const thinking = v.page.locator('details.fold', { hasText: 'Thinking' });
  await unseen(thinking.getByText('missed wake-up'));
  await thinking.locator('summary').click();
  await seen(thinking.getByText('missed wake-up'));
  const other = v.page.locator('.entry.other');
  await (await seen(other)).scrollIntoViewIfNeeded();
  expect(await other.textContent()).toContain('compaction');
  await other.locator('summary').click();
  await seen(other.getByText('"tokens_before": 48210'));
});

test('finds in the session, and goes from one to the next', async ({ open }) => {
  const v = await open(recorder, '#/session/long');
  await seen(heading(v));
  await v.page.keyboard.press('Control+f');
  await v.page.keyboard.type('zyzzyva');
  await seen(v.page.getByText('1 of 1'));
  await seen(entry(v, 'the zyzzyva stands here'));
  await v.page.keyboard.press('Control+a');
  await v.page.keyboard.type('Prompt number 1');
  await seen(v.page.getByText(/ of 11$/));
  const place = async () =>
    (await v.page.locator('.session [role=search] [role=status]').textContent())?.trim();
  const first = await place();
  await v.page.keyboard.press('Enter');
  await expect.poll(place).not.toBe(first);
  await v.page.keyboard.press('Shift+Enter');
  await expect.poll(place).toBe(first);
  await v.page.keyboard.press('Control+a');
  await v.page.keyboard.type('never said');
  await seen(v.page.getByText('nothing', { exact: true }));
  await v.page.keyboard.press('Escape');
  await unseen(
    v.page
      .getByLabel('Find in this session', { exact: true })
      .locator('visible=true')
      .and(v.page.locator('input')),
  );
});

test('jumps from prompt to prompt', async ({ open }) => {
  const v = await open(recorder, '#/session/long?at=1');
  await seen(entry(v, 'Prompt number 0'));
  await v.page.locator('.session h1').click();
  await v.page.keyboard.press('n');
  await seen(v.page.locator('.entry.flashed', { hasText: /Prompt number 1\b/ }));
  // at once, while the jumps are on their way
  for (const key of 'nnnp') await v.page.keyboard.press(key);
  await seen(v.page.locator('.entry.flashed', { hasText: /Prompt number 3\b/ }));
});

test('has a rail that says what it marks and jumps where it is clicked', async ({ open }) => {
  const v = await open(recorder, '#/session/long?at=1');
  const rail = await seen(v.page.getByRole('slider', { name: 'Timeline of the session' }));
  const box = await rail.boundingBox();
  if (!box) throw new Error('the rail has no size');
  await v.page.mouse.click(box.x + box.width / 2, box.y + box.height * 0.7);
  await until(
    async () => Number(await rail.getAttribute('aria-valuenow')) > 60,
    'the rail to be past the middle',
  );
  expect(await rail.getAttribute('aria-valuetext')).toMatch(/^entry \d+ of \d+$/);
  await rail.focus();
  await v.page.keyboard.press('Home');
  await seen(entry(v, 'Prompt number 0'));
  await seen(v.page.locator('.rail .piece.recorded'));
});

test('parts days', async ({ open }) => {
  const v = await open(recorder, '#/session/long');
  await seen(heading(v));
  await v.page.getByRole('slider').focus();
  await v.page.keyboard.press('End');
  await until(async () => {
    // less than what is in sight, and not before it is drawn: nothing is passed by unseen
    await v.page.locator('.scroll').evaluate(async (e) => {
      e.scrollBy({ top: e.scrollTop <= 0 ? e.scrollHeight : -400 });
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    });
    return (await v.page.locator('.entry.day').count()) > 0;
  }, 'a line between two days');
  expect(await v.page.locator('.entry.day').first().textContent()).toMatch(/November|\w+day/);
});

test('says on demand where each message came from', async ({ open }) => {
  const v = await open(recorder, '#/session/flaky-websocket');
  await flaky(v);
  expect(await v.page.locator('.entry .origin').count()).toBe(0);
  await menu(v, 'Show origins');
  await seen(v.page.locator('.entry .origin', { hasText: 'from events' }));
});

test('is renamed, and gets its own title back', async ({ open }) => {
  const v = await open(recorder, '#/session/release-notes');
  await seen(heading(v));
  await menu(v, 'Rename');
  await v.page.getByLabel('Title', { exact: true }).fill('Release notes, at last');
  await v.button('Save').click();
  await seen(v.page.getByRole('heading', { level: 1, name: 'Release notes, at last' }));
  await expect
    .poll(async () => (await recorder.api.session('release-notes')).title)
    .toBe('Release notes, at last');
  await seen(v.page.locator('[data-row]', { hasText: 'Release notes, at last' }));
  await menu(v, 'Rename');
  await v.page.getByLabel('Title', { exact: true }).fill('');
  await v.button('Save').click();
  await expect.poll(async () => (await recorder.api.session('release-notes')).title).toMatch(/^Schreib/);
});

test('is starred and tagged', async ({ open }) => {
  const v = await open(recorder, '#/session/csv-import');
  await seen(heading(v));
  await v.button('Star').click();
  await seen(v.button('Remove the star'));
  await expect.poll(async () => (await recorder.api.session('csv-import')).starred).toBe(true);
  await menu(v, 'Tags');
  await v.page.getByLabel('New tag').fill('größer');
  await v.page.keyboard.press('Enter');
  await expect.poll(async () => (await recorder.api.session('csv-import')).tags).toEqual(['größer']);
  await v.page.getByRole('dialog').getByRole('button', { name: 'Remove the tag größer' }).click();
  await expect.poll(async () => (await recorder.api.session('csv-import')).tags).toEqual([]);
  await v.button('Close').click();
});

test('is printed with every entry on it', async ({ open }) => {
  const v = await open(recorder, '#/session/long');
  await seen(heading(v));
  await v.page.evaluate(() => {
    window.print = () => {
      const entries = [...document.querySelectorAll('.printed .entry')];
      Object.assign(window, { printed: entries.map((e) => e.textContent ?? '') });
    };
  });
  await menu(v, 'Print…');
  const printed = await until(
    () => v.page.evaluate(() => (window as unknown as { printed?: string[] }).printed),
    'the page to be printed',
  );
  expect(printed.filter((text) => /Prompt number \d+/.test(text))).toHaveLength(PROMPTS);
});

test('that does not exist says so, with a way back', async ({ open }) => {
  const v = await open(recorder, '#/session/never-was', { expected: / 404 .*\/sessions\// });
  await seen(v.page.getByText('There is no such session'));
  await v.page.getByRole('link', { name: 'Back to the sessions' }).last().click();
  await seen(v.page.getByText('Nothing is open'));
});
