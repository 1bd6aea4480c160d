// The extension and the recorder's own reader of VS Code's files tell the same of the same files: then each message is there once,
// whoever sends it, and however often.

import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recorder, UNFOLLOWED } from '../../../../tests/e2e/src/recorder';
import { ROOT, transcripts } from '../../../../tests/e2e/src/places';
import { snapshotOf } from '../../src/chat/snapshot';
import { Source } from '../../src/follow/source';

const FIXTURES = join(ROOT, 'crates/editors/tests/fixtures/vscode');
const SESSION = /(^|\/)[0-9a-f-]{36}\.jsonl?$/;

/** Session files of the fixtures, and real ones where they are at hand. */
async function files(): Promise<string[]> {
  const real = transcripts();
  const folders = [
    FIXTURES,
    ...(real === undefined ? [] : [join(real, 'vscode-real'), join(real, 'vscode')]),
  ];
  const lists = folders.map(async (folder) =>
    (await readdir(folder, { recursive: true }))
      .filter((name) => SESSION.test(name) && !name.includes('transcripts'))
      .map((name) => join(folder, name)),
  );
  return (await Promise.all(lists)).flat();
}

interface Told {
  messages: Record<string, unknown>[];
  tool_calls: Record<string, unknown>[];
}

const message = (m: Record<string, unknown>) => ({
  message_id: m['message_id'],
  role: m['role'],
  content: m['content'],
  partial: m['partial'] ?? false,
});
const call = (c: Record<string, unknown>) => ({
  call_id: c['call_id'],
  name: c['name'],
  arguments: c['arguments'] ?? null,
  output: c['output'] ?? null,
});

const all = await files();
let recorder: Recorder;

beforeAll(async () => {
  recorder = await Recorder.start({ config: UNFOLLOWED });
  // each of them alone, so that no other file has a say
  const user = join(recorder.home, 'editor', 'User');
  for (const [nth, path] of all.entries()) {
    const folder = join(user, 'workspaceStorage', `w${nth}`, 'chatSessions');
    await mkdir(folder, { recursive: true });
    await copyFile(path, join(folder, basename(path)));
  }
  await recorder.api.json('PATCH', '/api/settings', { 'editors.vscode.path': user });
  await recorder.api.json('POST', '/api/editors/vscode/import', {});
});
afterAll(() => recorder?.end());

describe('the extension', () => {
  it.each(all.map((path) => [path.split('/').slice(-4).join('/'), path]))(
    'tells of %s as the recorder does',
    async (_, path) => {
      const id = basename(path, extname(path));
      const source = new Source(id);
      source.add(extname(path) === '.json' ? 'document' : 'log', path);
      const read = await source.read();
      const own = read === undefined ? { messages: [], tool_calls: [] } : snapshotOf(read.chat);
      const theirs = await recorder.api
        .json<Told>('GET', `/api/recording/sessions/${id}`)
        .catch(() => ({ messages: [], tool_calls: [] }));
      expect(own.messages.map(message)).toEqual(theirs.messages.map(message));
      expect(own.tool_calls.map(call)).toEqual(theirs.tool_calls.map(call));
    },
  );
});
