// Without a mouse: a whole journey, the palette, and the map of keys.

import { afterAll, beforeAll, expect } from 'vitest';
import { Recorder } from '../src/recorder';
import { STORIES, FLAKY, tell } from '../src/stories';
import { seen, test, unseen, type Visit } from '../src/visit';
import { until } from '../src/wait';

let recorder: Recorder;
beforeAll(async () => {
  recorder = await Recorder.start();
  for (const [n, story] of STORIES.entries())
    await recorder.api.record(tell(story, Date.now() - (n + 1) * 1_200_000));
});
afterAll(() => recorder.end());

/** What has the focus, by its role and name. */
const focused = (v: Visit) =>
  v.page.evaluate(() => {
    const at = document.activeElement;
    return `${at?.getAttribute('role') ?? at?.tagName.toLowerCase() ?? ''} ${at?.getAttribute('aria-label') ?? at?.textContent?.trim().slice(0, 60) ?? ''}`;
  });
const press = (v: Visit, ...keys: string[]) =>
  keys.reduce((before, key) => before.then(() => v.page.keyboard.press(key)), Promise.resolve());
const row = (v: Visit) => v.page.evaluate(() => document.activeElement?.getAttribute('data-row'));

/** Presses Tab until what has the focus is called so. */
async function tabTo(v: Visit, name: RegExp): Promise<void> {
  const passed: string[] = [];
  for (let n = 0; n < 60; n += 1) {
    await press(v, 'Tab');
    passed.push(await focused(v));
    if (name.test(passed.at(-1) ?? '')) return;
  }
  throw new Error(`Tab never reached ${name}; it passed\n${passed.join('\n')}`);
}

test('from the search to a session, through it, and back, with keys alone', async ({ open }) => {
  const v = await open(recorder);
  await seen(v.page.locator('.row'));
  await expect.poll(() => focused(v)).toBe('input Search titles, messages and tools');
  await v.page.keyboard.type('websocket');
  await expect.poll(() => v.page.locator('.row').count()).toBe(1);
  await press(v, 'ArrowDown');
  await expect.poll(() => row(v)).toBe('1');
  await press(v, 'Enter');
  await seen(v.page.getByRole('heading', { level: 1, name: FLAKY.title }));
  await press(v, 'Control+f');
  await expect.poll(() => focused(v)).toBe('input Find in this session');
  await v.page.keyboard.type('heartbeat');
  await seen(v.page.getByText('1 of 1'));
  await press(v, 'Escape');
  await press(v, 's');
  await expect.poll(async () => (await recorder.api.session(FLAKY.id)).starred).toBe(true);
  await press(v, 'o');
  await seen(v.page.locator('.entry .origin', { hasText: 'from events' }));
  await press(v, 'r');
  await expect.poll(() => focused(v)).toMatch(/^input/);
  await press(v, 'Escape');
  await unseen(v.page.getByRole('dialog'));
  await press(v, 'Escape');
  await seen(v.page.getByText('Nothing is open'));
  expect(v.query.get('q')).toBe('websocket');
});

test('every row is reached, chosen and left by arrows and letters', async ({ open }) => {
  const v = await open(recorder);
  await seen(v.page.locator('.row'));
  await press(v, 'ArrowDown');
  await expect.poll(() => row(v)).toBe('1');
  await press(v, 'j');
  await expect.poll(() => row(v)).toBe('2');
  await press(v, 'k', 'x');
  await seen(v.page.getByText('1 selected'));
  await press(v, 'End');
  await expect.poll(() => row(v)).toBe(String(STORIES.length));
  await press(v, 'x');
  await seen(v.page.getByText('2 selected'));
  await press(v, 'Home');
  await expect.poll(() => row(v)).toBe('1');
  await press(v, '/');
  await expect.poll(() => focused(v)).toBe('input Search titles, messages and tools');
});

test('a filter, the export menu and a tool call need no mouse', async ({ open }) => {
  const v = await open(recorder, '#/');
  await seen(v.page.locator('.row'));
  await tabTo(v, /^button State/);
  await press(v, 'Enter');
  await expect.poll(() => focused(v)).toMatch(/^menuitemradio Recording/);
  await press(v, 'End');
  await expect.poll(() => focused(v)).toMatch(/^menuitemradio Completed/);
  await press(v, 'Enter');
  await expect.poll(() => v.query.get('state')).toBe('completed');
  await expect.poll(() => focused(v)).toMatch(/^button State/);

  await v.go(`#/session/${FLAKY.id}`);
  await seen(v.page.getByRole('heading', { level: 1, name: FLAKY.title }));
  await seen(v.page.locator('details.tool'));
  await tabTo(v, /^button Export/);
  await press(v, 'Enter', 'Escape');
  await expect.poll(() => focused(v)).toMatch(/^button Export/);
  await tabTo(v, /^summary Bash/);
  await press(v, 'Enter');
  await until(() => v.page.locator('details.tool[open]').first().isVisible(), 'the tool call to open');
  expect(await v.page.locator('details.tool[open] pre').count()).toBeGreaterThan(0);
});

test('the focus is seen wherever it is', async ({ open }) => {
  const v = await open(recorder, `#/session/${FLAKY.id}`);
  await seen(v.page.locator('details.tool'));
  const hidden: string[] = [];
  for (let n = 0; n < 45; n += 1) {
    await press(v, 'Tab');
    const ring = await v.page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return true;
      // an outline, together with a border of its colour
      const shows = (element: Element | null): boolean => {
        if (!element) return false;
        const style = getComputedStyle(element);
        if (style.outlineStyle === 'none') return false;
        const border = style.borderTopColor === style.outlineColor ? parseFloat(style.borderTopWidth) : 0;
        return parseFloat(style.outlineWidth) + border >= 2;
      };
      // some show it on what is around them
      return shows(at) || shows(at.closest('.row, .search, .choices label, .field'));
    });
    if (!ring) hidden.push(await focused(v));
  }
  expect(hidden).toEqual([]);
});

test('the first Tab leads past the head of the page', async ({ open }) => {
  const v = await open(recorder, '#/status');
  await seen(v.page.getByRole('heading', { level: 1 }));
  await v.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await press(v, 'Tab');
  expect(await focused(v)).toBe('a Skip to the content');
  await press(v, 'Enter');
  expect(await v.page.evaluate(() => document.activeElement?.id)).toBe('main');
});

test('the palette finds commands and sessions, and goes there', async ({ open }) => {
  const v = await open(recorder);
  await seen(v.page.locator('.row'));
  await press(v, 'Control+k');
  const box = await seen(v.page.getByRole('combobox', { name: 'Commands and sessions' }));
  await v.page.keyboard.type('go to status');
  await seen(v.page.getByRole('option', { name: /Go to status/ }));
  await press(v, 'Enter');
  await seen(v.page.getByRole('heading', { level: 1, name: 'Status' }));

  await press(v, 'Control+k');
  await seen(box);
  await v.page.keyboard.type('borrow');
  await seen(v.page.getByRole('option', { name: /Explain borrow checker/ }));
  await expect.poll(() => box.getAttribute('aria-activedescendant')).toMatch(/-0$/);
  await press(v, 'Enter');
  await seen(v.page.getByRole('heading', { level: 1, name: /borrow checker/ }));

  await press(v, 'Control+k');
  await seen(box);
  await v.page.keyboard.type('starred');
  await v.page.getByRole('option', { name: 'Show starred sessions' }).click();
  await seen(v.page.locator('.chip.on', { hasText: 'Starred' }));

  await press(v, 'Control+k');
  await v.page.keyboard.type('contrast');
  await press(v, 'Enter');
  await expect.poll(() => v.page.evaluate(() => document.documentElement.dataset['theme'])).toBe('contrast');
  await press(v, 'Control+k');
  await seen(v.page.getByRole('dialog'));
  await press(v, 'Escape');
  await unseen(v.page.getByRole('dialog'));
});

test('the map of keys lists what is bound here, and the keys lead there', async ({ open }) => {
  const v = await open(recorder, `#/session/${FLAKY.id}`);
  await seen(v.page.getByRole('heading', { level: 1 }));
  await v.page.locator('.session h1').click();
  await press(v, '?');
  const map = v.page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  for (const text of [
    'Everywhere',
    'Go to',
    'In a list',
    'In a session',
    'Next prompt',
    'Commands and sessions',
  ])
    await seen(map.getByText(text, { exact: true }));
  await press(v, 'Escape');
  await unseen(map);
  for (const [key, title] of [
    ['r', 'Recovery'],
    ['t', 'Status'],
    ['e', 'Settings'],
  ] as const) {
    await press(v, 'g', key);
    await seen(v.page.getByRole('heading', { level: 1, name: title }));
  }
  await press(v, 'g', 's');
  await seen(v.page.getByText('Nothing is open'));
});
