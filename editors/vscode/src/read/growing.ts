// A file that grows by lines while it is read.
//
// Owns how far it was read. Never holds the file open between two readings, and never more of it than its lines that are not
// whole yet. A file that was written anew is read from its beginning, and that is said.

import { open, type FileHandle } from 'node:fs/promises';

const CHUNK_BYTES = 1 << 20;
/** A line longer than this is passed over: no string can hold it. */
const MOST_LINE_BYTES = 256 * 1024 * 1024;
/** Bytes before the place of reading, by which a file that was written anew is told. */
const MARK_BYTES = 256;

export interface Reading {
  /** The file is another one than before, or was written anew: these lines begin at its beginning. */
  anew: boolean;
  lines: string[];
  /** Bytes of a last line that is not whole yet. */
  held: number;
}

export class GrowingFile {
  #offset = 0;
  #rest: Buffer[] = [];
  #held = 0;
  #skipping = false;
  #mark = Buffer.alloc(0);

  constructor(readonly path: string) {}

  /** What was added; with `last` the rest of a line that has no end is one too. */
  async readOn(last = false): Promise<Reading> {
    const file = await open(this.path, 'r');
    try {
      const { size } = await file.stat();
      const anew = this.#offset > 0 && !(await this.#isSame(file, size));
      if (anew) this.#begin();
      const lines: string[] = [];
      for await (const chunk of this.#chunks(file)) this.#take(chunk, lines);
      if (last && this.#held > 0) lines.push(this.#line());
      return { anew, lines, held: this.#held };
    } finally {
      await file.close();
    }
  }

  #begin(): void {
    this.#offset = 0;
    this.#rest = [];
    this.#held = 0;
    this.#skipping = false;
    this.#mark = Buffer.alloc(0);
  }

  async #isSame(file: FileHandle, size: number): Promise<boolean> {
    if (size < this.#offset) return false;
    const before = Buffer.alloc(this.#mark.length);
    const { bytesRead } = await file.read(before, 0, before.length, this.#offset - before.length);
    return bytesRead === before.length && before.equals(this.#mark);
  }

  async *#chunks(file: FileHandle): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      const { bytesRead } = await file.read(chunk, 0, chunk.length, this.#offset);
      if (bytesRead === 0) return;
      const bytes = chunk.subarray(0, bytesRead);
      this.#offset += bytesRead;
      this.#mark = Buffer.from(
        Buffer.concat([this.#mark, bytes.subarray(-MARK_BYTES)]).subarray(-MARK_BYTES),
      );
      yield bytes;
    }
  }

  #take(bytes: Buffer, lines: string[]): void {
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      this.#hold(bytes.subarray(from, end));
      const line = this.#line();
      if (line.trim() !== '') lines.push(line);
      from = end + 1;
    }
    this.#hold(bytes.subarray(from));
  }

  #hold(bytes: Buffer): void {
    if (this.#skipping || bytes.length === 0) return;
    this.#skipping = this.#held + bytes.length > MOST_LINE_BYTES;
    if (this.#skipping) this.#rest = [];
    else this.#rest.push(bytes);
    this.#held = this.#skipping ? 0 : this.#held + bytes.length;
  }

  #line(): string {
    const line = Buffer.concat(this.#rest)
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .replace(/\0+/g, '');
    this.#rest = [];
    this.#held = 0;
    this.#skipping = false;
    return line;
  }
}
