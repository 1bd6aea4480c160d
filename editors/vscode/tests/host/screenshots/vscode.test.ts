// The picture of the extension in docs/screenshots: the list of chats in the side bar, and the item in the status bar.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Recorder, QUICK, UNFOLLOWED } from '../../../../../tests/e2e/src/recorder';
import { pictures } from '../../../../../tests/e2e/src/places';
import type { ChatEvent } from '../../../../../tests/e2e/src/api';
import { Editor } from '../src/editor';
import { sessionWith } from '../src/recorded';

let recorder: Recorder;
let editor: Editor;

beforeAll(async () => {
  recorder = await Recorder.start({ config: UNFOLLOWED + QUICK });
  editor = await Editor.start({ 'chasm.recording.dataDir': recorder.folder });
});
afterAll(async () => {
  await editor?.end();
  await recorder?.end();
});

const OPTIPNG = ['/usr/bin/optipng', '/usr/local/bin/optipng'].find((path) => existsSync(path));
const MINUTE = 60_000;

/** A chat of some time ago. */
function chat(id: string, title: string, minutes: number, messages: number, ends: boolean): ChatEvent[] {
  const begun = Date.now() - minutes * MINUTE;
  const event = (event_type: string, nth: number, data: Record<string, unknown>): ChatEvent => ({
    session_id: id,
    event_type,
    timestamp: new Date(begun + nth * 1000).toISOString(),
    data,
  });
  const about = { title, provider: 'vscode', editor: 'VS Code', workspace: editor.workspace };
  const said = Array.from({ length: messages }, (_, nth) =>
    event('message', nth + 1, { role: nth % 2 === 0 ? 'user' : 'assistant', content: `Message ${nth + 1}` }),
  );
  const end = ends ? [event('session_end', messages + 1, { reason: 'idle' })] : [];
  return [event('session_start', 0, about), ...said, ...end];
}

it('shows the chats of a workspace', async () => {
  await expect.poll(() => editor.status(), { timeout: 90_000 }).toMatch(/^Chasm/);
  await recorder.api.record([
    ...chat('shot-1', 'Move the settings to TOML', 42, 31, false),
    ...chat('shot-2', 'Why does the reader hang on reset?', 26 * 60, 84, false),
    ...chat('shot-3', 'Explain the borrow checker error', 3 * 24 * 60, 12, true),
    ...chat('shot-4', 'Write tests for the parser', 9 * 24 * 60, 57, true),
  ]);
  // a start of the recorder finds what is unfinished
  await recorder.kill();
  await recorder.restart();
  await recorder.command('recover', 'run', 'shot-2');
  await expect.poll(() => editor.status(), { timeout: 60_000 }).toBe('Chasm');
  await editor.ask('Sort these names');
  await sessionWith(recorder, 'Sort these names');
  await expect.poll(() => editor.status()).toBe('Chasm: 1');
  await editor.page.locator('.activitybar [aria-label^="Chasm Recorder"]').first().click();
  const list = editor.page.locator('[id="workbench.view.extension.chasm"] .monaco-list-row');
  await expect.poll(() => list.count()).toBe(5);
  await editor.page.locator('.interactive-session').getByText('That is all.').last().waitFor();
  // wide enough for the titles
  await editor.page.mouse.move(350, 600);
  await editor.page.mouse.down();
  await editor.page.mouse.move(470, 600, { steps: 5 });
  await editor.page.mouse.up();
  await editor.page.mouse.move(640, 500);
  const path = join(pictures(), 'vscode.png');
  await editor.page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  if (OPTIPNG) await promisify(execFile)(OPTIPNG, ['-quiet', '-o2', '-strip', 'all', path]);
  expect((await stat(path)).size).toBeGreaterThan(5_000);
});
