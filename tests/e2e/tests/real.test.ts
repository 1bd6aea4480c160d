// Real transcripts of Claude Code, taken in by `chasm import`: each is in the list, opens, and shows every message that it has.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { transcripts } from '../src/places';
import { Recorder } from '../src/recorder';
import { seen, test } from '../src/visit';
import { until } from '../src/wait';

const data = transcripts();
if (data === undefined)
  console.warn('there are no real transcripts here (set CHASM_TEST_DATA): the tests with them are skipped');

describe.skipIf(data === undefined)('real transcripts', () => {
  let recorder: Recorder;
  beforeAll(async () => {
    recorder = await Recorder.start();
    await recorder.command('import', join(data ?? '', 'claude'));
  });
  afterAll(() => recorder.end());

  test('are all in the list', async ({ open }) => {
    const { total } = await recorder.api.list();
    expect(total).toBeGreaterThan(8);
    const v = await open(recorder);
    await seen(v.page.getByText(`${total} sessions`));
    await until(async () => {
      await v.page.locator('.list').evaluate((e) => e.scrollTo({ top: e.scrollHeight }));
      return v.page.locator('.row').last().isVisible();
    }, 'the end of the list');
  });

  test('open, with every message that they have', async ({ open }) => {
    const v = await open(recorder);
    await seen(v.page.locator('.row'));
    await v.page.evaluate(() => (window.print = () => undefined));
    for (const { session_id, message_count } of (await recorder.api.list('&limit=100')).sessions) {
      await v.go(`#/session/${encodeURIComponent(session_id)}`);
      const head = v.page.locator('.session .facts');
      await expect.poll(() => head.textContent().catch(() => '')).toContain(`${message_count} message`);
      const { messages, tool_calls } = await recorder.api.session(session_id);
      expect(messages).toHaveLength(message_count);
      if (messages.length + tool_calls.length === 0) continue;
      await seen(v.page.locator('.entry'));
      // every entry at once, as for printing, is the whole of it
      await v.button('More').click();
      const counted = v.page.evaluate(
        () =>
          new Promise<{ messages: number; tools: number }>((resolve) => {
            window.print = () => {
              const count = (selector: string): number =>
                document.querySelectorAll(`.printed .entry.${selector}`).length;
              resolve({ messages: count('message'), tools: count('tool') });
            };
          }),
      );
      await v.page.getByRole('menuitem', { name: 'Print…' }).click();
      expect(await counted, session_id).toEqual({ messages: messages.length, tools: tool_calls.length });
    }
  });

  test('are found by words that stand in them', async ({ open }) => {
    const v = await open(recorder, '#/?q=decorators');
    await seen(v.page.locator('.row mark, .hit mark'));
    expect(await v.page.locator('.row').count()).toBeGreaterThan(0);
  });
});
