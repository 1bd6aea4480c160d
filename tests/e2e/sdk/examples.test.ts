// The example clients in Python and shell, fed what people get wrong.
//
// Invariant under test: a line that is no event is named and answered, the next ones are recorded, and the program ends; while nobody
// answers, that is said once. What breaks on the wire is tried by `chasm conformance`.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Detail } from '../src/api';
import { ROOT } from '../src/places';
import { Recorder, UNFOLLOWED } from '../src/recorder';
import { until } from '../src/wait';

const CLIENTS: [program: string, script: string][] = [
  ['python3', 'examples/python/record.py'],
  ['sh', 'examples/shell/record.sh'],
];
const KEPT = '{"kind":"kept"}';
const SKIPPED = '{"kind":"skipped"}';

let recorder: Recorder;
let folder: string;

beforeEach(async () => {
  recorder = await Recorder.start({ config: UNFOLLOWED });
  folder = await mkdtemp(join(tmpdir(), 'chasm-example-'));
});

afterEach(async () => {
  await recorder.end();
  await rm(folder, { recursive: true, force: true });
});

function start(program: string, script: string, dataDir: string) {
  const env = { ...process.env, CHASM_SERVER: recorder.api.address, CHASM_DATA_DIR: dataDir };
  const child = spawn(program, [join(ROOT, script)], { env, stdio: 'pipe' });
  // one that gives up at once reads nothing
  child.stdin.on('error', () => undefined);
  return { child, ended: once(child, 'close') as Promise<[number]> };
}

/** The session once it can be read so. */
function recorded(id: string, is: (detail: Detail) => boolean): Promise<Detail> {
  return until(async () => {
    const detail = await recorder.api.session(id).catch(() => undefined);
    return detail && is(detail) && detail;
  }, `session ${id}`);
}

test.each(CLIENTS)(
  '%s %s names a bad line, answers each, and records the others',
  async (program, script) => {
    const { child, ended } = start(program, script, folder);
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    const lines = [
      '{"kind":"message","session":"mixed","role":"user","content":"first"}',
      'no JSON',
      '{"kind":"message","session":"mixed","content":"no role"}',
      '{"kind":"message","session":"mixed","role":"user"}',
      '{"kind":"unknown","session":"mixed"}',
      '{"kind":"close","session":"mixed"}',
    ];
    // the last one has no end, and stdin ends behind it
    child.stdin.end(lines.join('\n'));
    const [code] = await ended;
    const [out, err] = await said;
    expect(out.trim().split('\n')).toEqual([KEPT, SKIPPED, SKIPPED, SKIPPED, SKIPPED, KEPT]);
    expect([...err.matchAll(/^line (\d+) is not recorded: .+$/gm)].map(([, n]) => n)).toEqual([
      '2',
      '3',
      '4',
      '5',
    ]);
    expect(err).not.toContain('Traceback');
    expect(code).toBe(1);
    const detail = await recorded('mixed', ({ state }) => state === 'completed');
    expect(detail.messages.map(({ content }) => content)).toEqual(['first']);
  },
);

test.each(CLIENTS)(
  '%s %s says once that no recorder answers, and records when it is back',
  async (program, script) => {
    await recorder.kill();
    const { child, ended } = start(program, script, folder);
    let err = '';
    child.stderr.on('data', (piece: Buffer) => (err += piece.toString()));
    child.stdout.resume();
    child.stdin.end('{"kind":"message","session":"late","role":"user","content":"kept"}\n{"kind":"end"}\n');
    await until(() => err.includes('\n'), 'what it says of the recorder');
    await recorder.restart();
    expect(await ended).toEqual([0, null]);
    expect(err.trim().split('\n')).toEqual([
      expect.stringMatching(/^no recorder at http:.*waiting; 1 kept in /),
    ]);
    const detail = await recorded('late', ({ messages }) => messages.length > 0);
    expect(detail.messages.map(({ content }) => content)).toEqual(['kept']);
  },
);

test.each(CLIENTS)('%s %s ends with 3 where it cannot keep anything', async (program, script) => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  const { child, ended } = start(program, script, file);
  const said = text(child.stderr);
  child.stdin.end('{"kind":"message","session":"x","role":"user","content":"x"}\n');
  expect(await ended).toEqual([3, null]);
  expect(await said).toMatch(/^[^\n]+\n$/);
});
