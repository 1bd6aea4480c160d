// A chat that is typed into a real editor is in the recorder, whatever happens to either of them.
//
// One story in one window: each test goes on where the one before it stopped.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Recorder, QUICK, UNFOLLOWED } from '../../../../tests/e2e/src/recorder';
import { until } from '../../../../tests/e2e/src/wait';
import { Editor } from './src/editor';
import { events, said, sessionWith, type Recorded } from './src/recorded';

let recorder: Recorder;
let editor: Editor;

beforeAll(async () => {
  recorder = await Recorder.start({ config: UNFOLLOWED + QUICK });
  editor = await Editor.start({ 'chasm.recording.dataDir': recorder.folder });
});

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  await editor.picture('failed');
  console.log(await editor.log());
});

afterAll(async () => {
  await editor?.end();
  await recorder?.end();
});

describe('a window', { timeout: 240_000 }, () => {
  it('says that it records', async () => {
    await expect.poll(() => editor.status(), { timeout: 90_000 }).toMatch(/^Chasm$/);
  });

  it('brings a chat to the recorder within 2 s of its being written', async () => {
    await editor.ask('hello from the first chat');
    await editor.shows('That is all.');
    const written = await editor.written('You said: **hello from the first chat**');
    const session = await sessionWith(recorder, 'You said: **hello from the first chat**');
    const took = Date.now() - written;
    console.log(`in the recorder ${took} ms after it was seen in the file`);
    expect(took).toBeLessThan(2_000);
    expect(said(session)).toHaveLength(2);
    expect(session).toMatchObject({ workspace: editor.workspace, state: 'recording' });
    await expect.poll(() => editor.status()).toBe('Chasm: 1');
  });

  it('keeps what is said while the recorder is away, and sends it when it is back', async () => {
    await recorder.kill();
    await editor.ask('use the tool while nobody listens');
    await editor.shows('The tool said: echo: use the tool while nobody listens');
    await editor.written('The tool said: echo');
    await expect.poll(() => editor.status()).toMatch(/^Chasm: \d+ waiting$/);
    await recorder.restart();
    const session = await sessionWith(recorder, 'The tool said: echo');
    expect(said(session)).toEqual([
      expect.stringMatching(/^user: .*hello from the first chat/),
      expect.stringMatching(/^assistant: .*hello from the first chat.*That is all/),
      expect.stringMatching(/^user: .*use the tool while nobody listens/),
      expect.stringMatching(/^assistant: .*You said: \*\*use the tool/),
      expect.stringMatching(
        /^assistant: .*The tool said: echo: use the tool while nobody listens.*That is all/,
      ),
    ]);
    expect(session.tool_calls).toMatchObject([{ name: 'chasmtests_echo', finished: true }]);
    expect(session.missing).toEqual([]);
    await expect.poll(() => editor.status()).toBe('Chasm: 1');
  });

  it('sends nothing anew after it was loaded again, and completes what it had', async () => {
    const { session_id } = await sessionWith(recorder, 'The tool said: echo');
    const messages = async () =>
      (await events(recorder, session_id)).filter(({ event_type }) => /^(message|tool_)/.test(event_type));
    const before = await messages();
    expect(before.length).toBeGreaterThan(4);
    await editor.load();
    // a window that is loaded again begins a chat of its own
    await editor.ask('a word after the reload');
    const next = await sessionWith(recorder, 'You said: **a word after the reload**');
    expect(next.session_id).not.toBe(session_id);
    const session = async () => (await recorder.api.session(session_id)) as Recorded;
    await until(async () => (await session()).state === 'completed', 'the chat of before to be completed');
    expect(await messages()).toHaveLength(before.length);
    expect((await session()).missing).toEqual([]);
  });

  it('leaves a chat interrupted where it is killed in the middle of an answer, to be recovered', async () => {
    await editor.ask('answer slowly, with code');
    await editor.written('You said: **answer slowly');
    const session = await sessionWith(recorder, 'You said: **answer slowly');
    expect(session.messages.at(-1)).toMatchObject({ role: 'assistant', partial: true });
    await editor.kill();
    const state = async () => (await recorder.api.session(session.session_id)).state;
    await until(async () => (await state()) === 'interrupted', 'the session to be interrupted');
    await recorder.command('recover', 'run', session.session_id);
    expect(await state()).toBe('recovered');
    const found = await recorder.api.session(session.session_id);
    expect(said(found).at(-1)).toContain('console.log');
  });

  it('goes on when it is opened again', async () => {
    await editor.open();
    await expect.poll(() => editor.status(), { timeout: 90_000 }).toMatch(/^Chasm/);
    await editor.ask('and on it goes');
    const session = await sessionWith(recorder, 'You said: **and on it goes**');
    expect(session.state).toBe('recording');
    const ids = session.messages.map(({ message_id }) => message_id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('pauses and goes on', async () => {
    await editor.command('Chasm: Pause Recording');
    await expect.poll(() => editor.status()).toMatch(/^Chasm: paused/);
    await editor.ask('said during the pause');
    await editor.written('You said: **said during the pause**');
    await expect.poll(() => editor.status()).toMatch(/^Chasm: paused \(\d+\)$/);
    await editor.command('Chasm: Resume Recording');
    const session = await sessionWith(recorder, 'You said: **said during the pause**');
    expect(session.missing).toEqual([]);
    await expect.poll(() => editor.status()).toBe('Chasm: 1');
  });

  it('records what is said in a second window on the same workspace, once', async () => {
    await editor.openSecond();
    await expect.poll(() => editor.status(), { timeout: 90_000 }).toMatch(/^Chasm$/);
    await editor.ask('hello from the second window');
    const session = await sessionWith(recorder, 'You said: **hello from the second window**');
    expect(said(session)).toHaveLength(2);
    const messages = (await events(recorder, session.session_id)).filter(
      ({ event_type }) => event_type === 'message',
    );
    const versions = messages.map(({ data }) => JSON.stringify(data));
    expect(new Set(versions).size).toBe(versions.length);
  });

  it('opens a chat of the list in the page of the recorder', async () => {
    const { session_id } = await sessionWith(recorder, 'hello from the second window');
    expect(await editor.openChat('About: hello from the second window')).toContain(`#/session/${session_id}`);
  });

  it('recovers the chats of its workspace when it is told to', async () => {
    // a start of the recorder finds all that is unfinished interrupted
    await recorder.kill();
    await recorder.restart();
    const { session_id } = await sessionWith(recorder, 'said during the pause');
    const state = async () => (await recorder.api.session(session_id)).state;
    await until(async () => (await state()) === 'interrupted', 'the session to be interrupted');
    await editor.command('Chasm: Recover Chats of This Workspace');
    await editor.page
      .locator('.notification-toast')
      .getByText(/^Recovered \d+ chats?\.$/)
      .waitFor({ timeout: 30_000 });
    expect(await state()).toBe('recovered');
  });
});
