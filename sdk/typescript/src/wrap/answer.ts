// What a model says, while it says it.
//
// Owns one answer: its text comes as deltas and at its end as a message, its tool calls at the end of each. An answer that was cut off,
// by an error or by the application, is recorded as far as it came, as partial.

import { because } from '../errors.js';
import { uuidv7 } from '../uuid.js';
import type { Begun } from './conversation.js';
import type { Call } from './turn.js';

export class Answer {
  model: string | undefined;
  /** The vendor's id of it. */
  id: string | undefined;
  /** The vendor has said that this is all. */
  isWhole = false;
  #text = '';
  #reasoning = '';
  #unsaid = '';
  #isOver = false;
  #said = false;
  readonly #message = uuidv7();
  readonly #calls: Call[] = [];

  constructor(
    private readonly begun: Begun,
    private readonly onError: (error: unknown) => void,
  ) {}

  text(delta: string): void {
    this.#text += delta;
    this.#unsaid += delta;
  }

  reasoning(delta: string): void {
    this.#reasoning += delta;
  }

  call(call: Call): void {
    this.#calls.push(call);
    this.#keep(this.begun.session.toolCall({ ...call, message_id: this.#message }));
  }

  result(result: { call_id?: string; name?: string; output: unknown; is_error?: boolean }): void {
    this.#keep(this.begun.session.toolResult(result));
  }

  /** What came with one piece of the stream is one delta. */
  flush(): void {
    if (this.#unsaid === '' || this.#isOver) return;
    this.#said = true;
    this.#keep(this.begun.session.delta(this.#message, this.#unsaid, 'assistant'));
    this.#unsaid = '';
  }

  /** The stream ended, or broke. */
  end(error?: unknown): void {
    if (this.#isOver) return;
    const isPartial = error !== undefined || !this.isWhole;
    if (isPartial) this.flush();
    this.#isOver = true;
    const metadata = {
      ...(this.#reasoning === '' ? {} : { reasoning: this.#reasoning }),
      ...(error === undefined ? {} : { error: because(error) }),
    };
    if (this.#text !== '' || this.#said || isPartial)
      this.#keep(
        this.begun.session.message({
          role: 'assistant',
          content: this.#text,
          message_id: this.#message,
          ...(this.model === undefined ? {} : { model: this.model }),
          ...(isPartial ? { partial: true } : {}),
          ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
        }),
      );
    this.begun.answered({ role: 'assistant', content: this.#text }, this.id);
  }

  #keep(kept: Promise<unknown>): void {
    kept.catch(this.onError);
  }
}
