// Deleting: what goes is said before, it can be undone for some seconds, then it is gone for good.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { Recorder } from '../src/recorder';
import { BORROW, FLAKY, NOTES, tell } from '../src/stories';
import { seen, test, unseen, type Visit } from '../src/visit';

let recorder: Recorder;
beforeEach(async () => {
  recorder = await Recorder.start();
  for (const story of [FLAKY, BORROW, NOTES]) await recorder.api.record(tell(story));
});
afterEach(() => recorder.end());

const row = (v: Visit, title: string) => v.page.locator('.row', { hasText: title });
const undo = (v: Visit) => v.toasts.getByRole('button', { name: /^Undo/ });

/** Whether any file of the folder still has these bytes. */
async function onDisk(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(recorder.folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path)).includes(text)) found.push(path);
  }
  return found;
}

async function deleteOpen(v: Visit): Promise<void> {
  await v.button('More').click();
  await v.page.getByRole('menuitem', { name: 'Delete…' }).click();
  const dialog = v.page.getByRole('dialog');
  await seen(dialog.getByText(`Delete “${FLAKY.title}”?`));
  await seen(dialog.getByText(/Deletes 5 messages from this computer for good/));
  await seen(dialog.getByText(/The editor’s own copy stays/));
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
}

test('undone, everything is as before', async ({ open }) => {
  await recorder.api.change(FLAKY.id, { starred: true, tags: ['mine'] });
  const v = await open(recorder, `#/session/${FLAKY.id}`);
  await deleteOpen(v);
  await unseen(row(v, FLAKY.title));
  expect(await recorder.api.isGone(FLAKY.id)).toBe(false);
  await undo(v).click();
  await seen(row(v, FLAKY.title));
  const after = await recorder.api.session(FLAKY.id);
  expect(after).toMatchObject({ state: 'completed', starred: true, tags: ['mine'], message_count: 5 });
  await v.go('#/?q=hangs');
  await seen(row(v, FLAKY.title).locator('mark'));
});

test('not undone, it is gone from list, search and disk, with a receipt', async ({ open }) => {
  const v = await open(recorder, `#/session/${FLAKY.id}`, { expected: /404/ });
  await deleteOpen(v);
  await seen(undo(v));
  await seen(v.toasts.getByText('1 session deleted for good'), 30_000);
  await expect.poll(() => recorder.api.isGone(FLAKY.id)).toBe(true);
  await unseen(row(v, FLAKY.title));
  await v.go('#/?q=reset');
  await seen(v.page.getByText('No session fits'));
  await v.go(`#/session/${FLAKY.id}`);
  await seen(v.page.getByText(/There is no such session|This session is deleted/));
  await recorder.stop();
  expect(await onDisk('the test waits for the state')).toEqual([]);
  expect(await onDisk('exclusive')).not.toEqual([]);
});

test('several at once, with how many messages go', async ({ open }) => {
  const v = await open(recorder);
  await v.page.getByRole('checkbox', { name: `Select ${BORROW.title}` }).click({ force: true });
  await v.page.getByRole('checkbox', { name: `Select ${NOTES.title}` }).click({ force: true });
  await v.page.getByRole('toolbar').getByRole('button', { name: 'Delete' }).click();
  const dialog = v.page.getByRole('dialog');
  await seen(dialog.getByText('Delete 2 sessions?'));
  await seen(dialog.getByText(/Deletes 6 messages/));
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await unseen(row(v, BORROW.title));
  await seen(v.toasts.getByText('2 sessions deleted for good'), 30_000);
  await expect.poll(async () => (await recorder.api.list()).total).toBe(1);
});
