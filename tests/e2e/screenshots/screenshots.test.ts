// Pictures of every screen, in light and dark, for the documentation.
//
// Content is made up. A picture is taken when the screen stands still, and made small where optipng is installed.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { pictures } from '../src/places';
import { scene, SCREENS, type Scene } from '../src/scene';
import { FLAKY } from '../src/stories';
import { seen, test, type Visit } from '../src/visit';

let stage: Scene;
beforeAll(async () => {
  stage = await scene();
  await mkdir(pictures(), { recursive: true });
});
afterAll(() => stage.end());

const OPTIPNG = ['/usr/bin/optipng', '/usr/local/bin/optipng'].find((path) => existsSync(path));

async function picture(v: Visit, name: string): Promise<void> {
  const path = join(pictures(), `${name}.png`);
  await v.page.evaluate(async (folder) => {
    // the temporary folder and port of this run say nothing to a reader
    const port = window.location.port;
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const text = node.nodeValue ?? '';
      const plain = text
        .replaceAll(folder, '/home/ada/.local/share/chasm-recorder')
        .replaceAll(`:${port}`, ':8787');
      if (plain !== text) node.nodeValue = plain;
    }
    await document.fonts.ready;
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
  }, stage.recorder.folder);
  await v.page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  if (OPTIPNG) await promisify(execFile)(OPTIPNG, ['-quiet', '-o2', '-strip', 'all', path]);
  expect((await stat(path)).size).toBeGreaterThan(5_000);
}

describe.each(['light', 'dark'] as const)('in %s', (theme) => {
  test.for(SCREENS)('$name', async (screen, { open }) => {
    const v = await open(stage.recorder, screen.hash, { theme });
    await seen(v.page.locator(screen.ready));
    if (screen.name === 'session') {
      await seen(v.page.locator('.entry', { hasText: 'All hundred runs' }));
      await v.page.locator('.entry.gap').scrollIntoViewIfNeeded();
      await v.page.locator('.transcript .scroll').evaluate((e) => e.scrollBy({ top: -150 }));
      await seen(v.page.locator('.hljs-keyword'));
    }
    if (screen.name === 'search') {
      await v.page.locator('.hit').first().click();
      await seen(v.page.getByText(/^\d+ of \d+$/));
    }
    await picture(v, `ui-${screen.name}-${theme}`);
  });

  test('the palette and the map of keys', async ({ open }) => {
    const v = await open(stage.recorder, `#/session/${FLAKY.id}`, { theme });
    await seen(v.page.locator('.entry .markdown'));
    await v.page.keyboard.press('Control+k');
    await seen(v.page.getByRole('option', { name: /borrow/ }));
    await picture(v, `ui-palette-${theme}`);
    await v.page.keyboard.press('Escape');
    await v.page.locator('.session h1').click();
    await v.page.keyboard.press('?');
    await seen(v.page.getByRole('dialog'));
    await picture(v, `ui-keys-${theme}`);
  });

  test('narrow', async ({ open }) => {
    const look = { theme, width: 360, height: 740 };
    const list = await open(stage.recorder, '#/', look);
    await seen(list.page.locator('.row'));
    await picture(list, `ui-sessions-narrow-${theme}`);
    const session = await open(stage.recorder, `#/session/${FLAKY.id}`, look);
    await seen(session.page.locator('.entry', { hasText: 'All hundred runs' }));
    await picture(session, `ui-session-narrow-${theme}`);
  });
});

test('in high contrast and in Chinese', async ({ open }) => {
  const contrast = await open(stage.recorder, `#/session/${FLAKY.id}`, { theme: 'contrast' });
  await seen(contrast.page.locator('.entry .markdown'));
  await picture(contrast, 'ui-session-contrast');
  const chinese = await open(stage.recorder, '#/status', { locale: 'zh-Hans' });
  await seen(chinese.page.locator('.notice'));
  await picture(chinese, 'ui-status-chinese');
});
