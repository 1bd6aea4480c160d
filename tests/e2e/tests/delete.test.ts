// Deleting: what goes is said before, it lies in the trash for a while and can be taken back as it was, then no file has it any more.

import { afterEach, beforeEach, describe, expect } from 'vitest';
import { Recorder } from '../src/recorder';
import { BORROW, FLAKY, NOTES, tell, type Story } from '../src/stories';
import { seen, test, unseen, type Visit } from '../src/visit';
import { until } from '../src/wait';

/** Words that only this story has, in a message, a tool's output and an event of no known kind. */
const WORDS = ['not for 50 ms', 'timed out after 30 s', '48210'];

let recorder: Recorder;
async function begin(keepSecs: number): Promise<void> {
  recorder = await Recorder.start({ config: `[trash]\nkeep_secs = ${keepSecs}\n` });
  for (const story of [FLAKY, BORROW, NOTES]) await recorder.api.record(tell(story));
}
afterEach(() => recorder.end());

const row = (v: Visit, title: string) => v.page.locator('.list .row', { hasText: title });
const entry = (v: Visit, title: string) => v.page.locator('main li', { hasText: title });
const asked = (v: Visit) => v.page.getByRole('dialog');

/** Deletes the session that is open, and reads what the question says. */
async function deleteOpen(v: Visit): Promise<void> {
  await v.button('More').click();
  await v.page.getByRole('menuitem', { name: 'Delete…' }).click();
  await seen(asked(v).getByText(`Delete “${FLAKY.title}”?`));
  await seen(asked(v).getByText(/Deletes 5 messages from this computer for good/));
  await seen(asked(v).getByText(/The editor’s own copy stays/));
  await seen(asked(v).getByText(/First it goes to the trash/));
  await asked(v).getByRole('button', { name: 'Delete', exact: true }).click();
}

/** Neither in the list nor in the counts, nor found, nor by a filter. */
async function isOut(v: Visit, story: Story, word: string): Promise<void> {
  const { api } = recorder;
  expect((await api.list()).sessions.map((one) => one.session_id)).not.toContain(story.id);
  await v.go(`#/?q=${word}`);
  await seen(v.page.getByText('No session fits'));
  await v.go('#/');
  await seen(row(v, NOTES.title));
  expect(await row(v, story.title).count()).toBe(0);
}

/** No file has its words; those of another session are there. */
async function isErased(): Promise<void> {
  for (const word of WORDS)
    await expect.poll(() => recorder.filesWith(word), { timeout: 30_000 }).toEqual([]);
  expect(await recorder.filesWith('mem::take')).not.toEqual([]);
}

describe('in the trash', () => {
  beforeEach(() => begin(3_600));

  test('undone at once, everything is as before', async ({ open }) => {
    await recorder.api.change(FLAKY.id, { starred: true, tags: ['mine'] });
    const before = await recorder.api.session(FLAKY.id);
    const v = await open(recorder, `#/session/${FLAKY.id}`);
    const other = await open(recorder, '#/');
    await seen(row(other, FLAKY.title));
    await deleteOpen(v);
    await seen(v.toasts.getByText('1 session is in the trash'));
    await unseen(row(v, FLAKY.title));
    await unseen(row(other, FLAKY.title));
    expect(await recorder.api.trashed()).toEqual([FLAKY.id]);
    await v.toasts.getByRole('button', { name: /^Undo/ }).click();
    await seen(v.toasts.getByText('1 session is back'));
    await seen(row(v, FLAKY.title));
    await seen(row(other, FLAKY.title));
    const after = await recorder.api.session(FLAKY.id);
    expect(after).toMatchObject({ state: 'completed', starred: true, tags: ['mine'], message_count: 5 });
    expect(after.messages).toEqual(before.messages);
    expect(after.tool_calls).toEqual(before.tool_calls);
    await v.go('#/?q=hangs');
    await seen(row(v, FLAKY.title).locator('mark'));
  });

  test('it is out of sight, can be read there, outlives a crash, and comes back', async ({ open }) => {
    const v = await open(recorder, `#/session/${FLAKY.id}`, {
      expected: /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY/,
    });
    await deleteOpen(v);
    await seen(v.toasts.getByText('1 session is in the trash'));
    await isOut(v, FLAKY, 'reset');
    await recorder.kill();
    await recorder.restart();
    expect(await recorder.api.trashed()).toEqual([FLAKY.id]);

    await v.go('#/trash');
    await seen(v.page.getByRole('heading', { level: 1, name: 'Trash' }));
    await seen(entry(v, FLAKY.title).getByText(/5 messages/));
    await seen(entry(v, FLAKY.title).getByText(/Gone for good in/));
    await entry(v, FLAKY.title).getByRole('link', { name: FLAKY.title }).click();
    await seen(v.page.getByText(/This session is in the trash/));
    await seen(v.page.getByText('why does it hang'));
    await v.page.getByRole('button', { name: 'Restore' }).click();
    await unseen(v.page.getByText(/This session is in the trash/));
    await seen(row(v, FLAKY.title));
    expect(await recorder.api.trashed()).toEqual([]);
    await v.go('#/trash');
    await seen(v.page.getByText('The trash is empty'));
  });

  test('one is restored, the other deleted now: told before and after, and gone from every file', async ({
    open,
  }) => {
    await recorder.api.trash(FLAKY.id, BORROW.id);
    for (const word of WORDS) expect(await recorder.filesWith(word)).not.toEqual([]);
    const v = await open(recorder, '#/trash');
    await v.button(`Restore ${BORROW.title}`).click();
    await unseen(entry(v, BORROW.title));
    await v.button(`Delete now: ${FLAKY.title}`).click();
    await seen(asked(v).getByText('Delete 1 session for good?'));
    await seen(asked(v).getByText(/Deletes 5 messages/));
    await seen(asked(v).getByText(/cannot be undone/));
    await v.button('Cancel').click();
    expect(await recorder.api.trashed()).toEqual([FLAKY.id]);
    await v.button(`Delete now: ${FLAKY.title}`).click();
    await asked(v).getByRole('button', { name: 'Delete now' }).click();
    await seen(v.toasts.getByText('1 session deleted for good'));
    await seen(v.toasts.getByText(/5 messages, 4 tool calls, [\d.]+ (kB|bytes): gone from database, index/));
    await seen(v.page.getByText('The trash is empty'));
    expect(await recorder.api.isGone(FLAKY.id)).toBe(true);
    await isErased();
    await v.go('#/status');
    await seen(v.page.locator('.notice', { hasText: '5 messages of 1 session deleted for good' }));
  });

  test('several at once, with how many messages go; then all of the trash', async ({ open }) => {
    const v = await open(recorder);
    for (const { title } of [BORROW, NOTES])
      await v.page.getByRole('checkbox', { name: `Select ${title}` }).click({ force: true });
    await v.page.getByRole('toolbar').getByRole('button', { name: 'Delete' }).click();
    await seen(asked(v).getByText('Delete 2 sessions?'));
    await seen(asked(v).getByText(/Deletes 6 messages/));
    await asked(v).getByRole('button', { name: 'Delete', exact: true }).click();
    await seen(v.toasts.getByText('2 sessions are in the trash'));
    await unseen(row(v, BORROW.title));
    expect((await recorder.api.list()).total).toBe(1);
    await v.go('#/trash');
    await v.button('Empty the trash …').click();
    await seen(asked(v).getByText('Delete 2 sessions for good?'));
    await asked(v).getByRole('button', { name: 'Delete now' }).click();
    await seen(v.toasts.getByText('2 sessions deleted for good'));
    await seen(v.page.getByText('The trash is empty'));
    expect(await recorder.api.isGone(BORROW.id)).toBe(true);
    expect((await recorder.api.list()).total).toBe(1);
  });
});

describe('its time over', () => {
  beforeEach(() => begin(5));

  test('it is gone from list, search, trash and every file, with a receipt', async ({ open }) => {
    // the recorder is stopped below while the page looks on
    const v = await open(recorder, `#/session/${FLAKY.id}`, {
      expected: / 404 .*\/sessions\/|ERR_CONNECTION_REFUSED/,
    });
    await deleteOpen(v);
    await seen(v.toasts.getByRole('button', { name: /^Undo/ }));
    await seen(v.toasts.getByText('1 session deleted for good'), 30_000);
    await seen(v.toasts.getByText(/5 messages, 4 tool calls, .*: gone from database, index and journal/));
    await unseen(v.toasts.getByRole('button', { name: /^Undo/ }));
    await until(() => recorder.api.isGone(FLAKY.id), 'the session to be gone');
    expect(await recorder.api.trashed()).toEqual([]);
    await isOut(v, FLAKY, 'reset');
    await v.go(`#/session/${FLAKY.id}`);
    await seen(v.page.getByText(/There is no such session|This session is deleted/));
    await isErased();
    // nor does anything bring it back
    await recorder.stop();
    await recorder.restart();
    expect(await recorder.api.isGone(FLAKY.id)).toBe(true);
    await isErased();
  });
});
