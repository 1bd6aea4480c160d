// The recorder follows the editor's files itself, and the extension records the same chats: each message is there once.

import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Recorder, QUICK } from '../../../../tests/e2e/src/recorder';
import { until } from '../../../../tests/e2e/src/wait';
import { Editor } from './src/editor';
import { events, said, sessionWith, type Recorded } from './src/recorded';

let recorder: Recorder;
let editor: Editor;

beforeAll(async () => {
  recorder = await Recorder.start({ config: QUICK });
  editor = await Editor.start({ 'chasm.recording.dataDir': recorder.folder });
  await recorder.api.json('PATCH', '/api/settings', { 'editors.vscode.path': join(editor.user, 'User') });
});

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  await editor.picture('failed-both');
  console.log(await editor.log());
});

afterAll(async () => {
  await editor?.end();
  await recorder?.end();
});

it('has each message and each call once, whoever tells of them', async () => {
  await expect.poll(() => editor.status(), { timeout: 90_000 }).toMatch(/^Chasm/);
  await editor.ask('one chat, two that tell of it');
  await sessionWith(recorder, 'You said: **one chat');
  await editor.ask('use the tool in it');
  const { session_id } = await sessionWith(recorder, 'The tool said: echo: use the tool in it');
  const sources = async () => {
    const starts = (await events(recorder, session_id)).filter(({ event_id }) =>
      event_id.startsWith('!start-'),
    );
    return {
      files: starts.length > 0,
      extension: ((await recorder.api.session(session_id)) as Recorded).live,
    };
  };
  await until(async () => (await sources()).extension, 'the extension to carry the session');
  console.log('told by', await sources());
  const session = await sessionWith(recorder, 'The tool said: echo: use the tool in it');
  expect(said(session)).toEqual([
    expect.stringMatching(/^user: .*one chat/),
    expect.stringMatching(/^assistant: .*You said: \*\*one chat.*That is all/),
    expect.stringMatching(/^user: .*use the tool/),
    expect.stringMatching(/^assistant: .*You said: \*\*use the tool/),
    expect.stringMatching(/^assistant: .*The tool said: echo: use the tool in it.*That is all/),
  ]);
  expect(session.tool_calls).toMatchObject([{ name: 'chasmtests_echo', finished: true }]);
  expect((await recorder.api.list()).total).toBe(1);
});
