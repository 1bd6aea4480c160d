// Every screen in every look: three themes without a finding of axe, three languages, a narrow window, little motion.

import { afterAll, beforeAll, describe, expect } from 'vitest';
import { beyond, findings } from '../src/judge';
import { scene, SCREENS, type Scene } from '../src/scene';
import { FLAKY } from '../src/stories';
import { seen, test, THEMES, type Visit } from '../src/visit';

let stage: Scene;
beforeAll(async () => {
  stage = await scene();
});
afterAll(() => stage.end());

async function show(v: Visit, screen: (typeof SCREENS)[number]): Promise<void> {
  await v.go(screen.hash);
  await seen(v.page.locator(screen.ready));
}

describe.each(THEMES)('axe has no finding in %s', (theme) => {
  test('every screen', async ({ open }) => {
    const v = await open(stage.recorder, '#/', { theme });
    const found: Record<string, string[]> = {};
    for (const screen of SCREENS) {
      await show(v, screen);
      found[screen.name] = await findings(v);
    }
    expect(found).toEqual(Object.fromEntries(SCREENS.map(({ name }) => [name, []])));
  });

  test('dialogs, menus, palette, map of keys, notices', async ({ open }) => {
    const v = await open(stage.recorder, `#/session/${FLAKY.id}`, { theme });
    await seen(v.page.locator('.entry .markdown'));
    await v.button('More').click();
    expect(await findings(v), 'menu').toEqual([]);
    await v.page.getByRole('menuitem', { name: 'Delete…' }).click();
    await seen(v.page.getByRole('dialog'));
    expect(await findings(v), 'dialog').toEqual([]);
    await v.page.keyboard.press('Escape');
    await v.page.keyboard.press('Control+k');
    await seen(v.page.getByRole('option'));
    expect(await findings(v), 'palette').toEqual([]);
    await v.page.keyboard.press('Escape');
    await v.page.locator('.session h1').click();
    await v.page.keyboard.press('?');
    await seen(v.page.getByRole('dialog'));
    expect(await findings(v), 'map of keys').toEqual([]);
    await v.page.keyboard.press('Escape');
    await v.button('Copy this message').first().click();
    await seen(v.toasts);
    await v.page.locator('details.tool summary').first().click();
    expect(await findings(v), 'notice and tool call').toEqual([]);
  });
});

describe.each(['en', 'de', 'zh-Hans'] as const)('in %s', (locale) => {
  test('every screen has its texts, and none is cut by its frame', async ({ open }) => {
    const v = await open(stage.recorder, '#/', { locale });
    for (const screen of SCREENS) {
      await show(v, screen);
      const text = await v.page.locator('body').innerText();
      // a key without a text shows as the key, a value that lacks as its braces
      expect(
        text.match(
          /\{\{|\}\}|\b(?:sessions|session|trash|recovery|status|settings|welcome|shell|common|keys|error|problem|origin|reason)\.[a-z]+\.?[a-zA-Z.]*\b/g,
        ) ?? [],
        screen.name,
      ).toEqual([]);
      const cut = await v.page.evaluate(() =>
        [...document.querySelectorAll('button, h1:not(.unseen), h2, .tab, nav a, .chip')]
          .filter(
            (e) =>
              e instanceof HTMLElement &&
              e.clientWidth > 0 &&
              !e.closest('.cut, .list, .main') &&
              e.scrollWidth > e.clientWidth + 2,
          )
          .map((e) => e.textContent?.trim()),
      );
      expect(cut, screen.name).toEqual([]);
    }
    expect(await v.page.evaluate(() => document.documentElement.lang)).toBe(locale);
  });
});

describe('a window 360 px wide', () => {
  test.for(['en', 'de', 'zh-Hans'] as const)('has nothing beside it, in %s', async (locale, { open }) => {
    const v = await open(stage.recorder, '#/', { width: 360, height: 740, locale });
    for (const screen of SCREENS) {
      await show(v, screen);
      expect(await beyond(v), screen.name).toEqual({ page: 360, main: 360, beyond: [] });
    }
  });

  test('shows list and session one after the other', async ({ open }) => {
    const v = await open(stage.recorder, '#/', { width: 360, height: 740 });
    await v.page.locator('.row', { hasText: FLAKY.title }).locator('a.main').click();
    await seen(v.page.getByRole('heading', { level: 1, name: FLAKY.title }));
    expect(await v.page.locator('.list').isVisible()).toBe(false);
    await v.page.getByRole('link', { name: 'Back to the sessions' }).click();
    await seen(v.page.locator('.row', { hasText: FLAKY.title }));
  });
});

test('with reduced motion nothing moves', async ({ open }) => {
  const v = await open(stage.recorder, '#/', { reducedMotion: true });
  for (const screen of SCREENS) {
    await show(v, screen);
    const moving = () =>
      v.page.evaluate(() =>
        document
          .getAnimations()
          .filter(
            (one) => one.playState === 'running' && Number(one.effect?.getComputedTiming().duration) > 20,
          )
          .map((one) => {
            const effect = one.effect as KeyframeEffect | null;
            return `${effect?.target?.tagName ?? ''} ${effect?.target?.className.toString() ?? ''}`;
          }),
      );
    expect(await moving(), screen.name).toEqual([]);
  }
  // and with motion, a live session pulses
  const other = await open(stage.recorder, '#/');
  await seen(other.page.locator('.strip .mark.live'));
  await expect.poll(() => other.page.evaluate(() => document.getAnimations().length)).toBeGreaterThan(0);
});

test('forced colours of the system keep shapes, states and focus visible', async ({ open }) => {
  const v = await open(stage.recorder, '#/', { forcedColors: true });
  await seen(v.page.locator('.row'));
  const invisible = await v.page.evaluate(
    () =>
      [...document.querySelectorAll('.row .mark svg *')].filter((e) => {
        if (e.tagName === 'title') return false;
        const style = getComputedStyle(e);
        const ground = getComputedStyle(document.body).backgroundColor;
        return ![style.fill, style.stroke].some((colour) => colour !== 'none' && colour !== ground);
      }).length,
  );
  expect(invisible).toBe(0);
  expect(await findings(v)).toEqual([]);
});
