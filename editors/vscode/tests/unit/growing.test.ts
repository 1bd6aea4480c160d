// A file that grows: each line once, whole, whichever bytes it comes in.

import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GrowingFile } from '../../src/read/growing';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chasm-growing-'));
  path = join(folder, 'chat.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

describe('a growing file', () => {
  it('gives each line once, cut at any byte', async () => {
    const lines = ['{"said":"é中🚀"}', '{"b":2}', '{"c":"x"}'];
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      await writeFile(path, bytes.subarray(0, cut));
      const file = new GrowingFile(path);
      const first = await file.readOn();
      await appendFile(path, bytes.subarray(cut));
      const second = await file.readOn();
      expect([...first.lines, ...second.lines]).toEqual(lines);
      expect(second).toMatchObject({ anew: false, held: 0 });
    }
  });

  it('says how much of a line it holds, and gives it at the end', async () => {
    await writeFile(path, '{"a":1}\n{"b":');
    const file = new GrowingFile(path);
    expect(await file.readOn()).toEqual({ anew: false, lines: ['{"a":1}'], held: 5 });
    expect((await file.readOn(true)).lines).toEqual(['{"b":']);
  });

  it('begins anew where the file was written anew, shorter or longer', async () => {
    await writeFile(path, '{"a":1}\n{"b":2}\n');
    const file = new GrowingFile(path);
    await file.readOn();
    await writeFile(path, '{"z":0}\n');
    expect(await file.readOn()).toMatchObject({ anew: true, lines: ['{"z":0}'] });
    await writeFile(path, '{"whole":"anew, and longer"}\n{"y":1}\n');
    expect(await file.readOn()).toMatchObject({
      anew: true,
      lines: ['{"whole":"anew, and longer"}', '{"y":1}'],
    });
  });

  it('passes over a mark at the beginning, zeros and empty lines', async () => {
    await writeFile(path, '\uFEFF{"a":1}\r\n\n\0\0\0{"b":2}\n');
    const { lines } = await new GrowingFile(path).readOn();
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([{ a: 1 }, { b: 2 }]);
  });
});
