// Server-sent events, read piece by piece.
//
// Owns the piece of text that is not a whole event yet. Takes any split of the bytes, in the middle of a character too.

export class SseReader {
  readonly #decoder = new TextDecoder();
  #rest = '';
  #data: string[] = [];

  constructor(private readonly onData: (data: string) => void) {}

  push(bytes: Uint8Array): void {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    for (;;) {
      const found = /\r\n|\n|\r(?!$)/.exec(this.#rest);
      if (found === null) return;
      this.#line(this.#rest.slice(0, found.index));
      this.#rest = this.#rest.slice(found.index + found[0].length);
    }
  }

  /** What came without its empty line at the end. */
  end(): void {
    this.#rest += this.#decoder.decode();
    if (this.#rest !== '') this.#line(this.#rest.replace(/\r$/, ''));
    this.#rest = '';
    this.#line('');
  }

  #line(line: string): void {
    if (line.startsWith('data:')) {
      this.#data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
    } else if (line === '' && this.#data.length > 0) {
      const data = this.#data.join('\n');
      this.#data = [];
      this.onData(data);
    }
  }
}
