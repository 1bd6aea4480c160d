// What was handed over and is not on the recorder's disk, in order, and the frames that are on their way.
//
// Owns order, bytes and the numbers of frames; does no I/O. Invariant: an event leaves only when the recorder acknowledged it or
// refused it for good; refused for a reason that passes, it takes its place among those that wait again.

import type { Resumed } from './events.js';
import { utf8Length, type Key, type Kept, type Refusal } from './outbox/outbox.js';

/** What an event's text says of it. */
export interface About {
  session: string;
  seq: number;
  event_id: string | undefined;
  bytes: number;
}

export interface Item extends Kept, About {
  key: Key;
  text: string;
  /** Order of hand-over. */
  nth: number;
  verdict?: 'again' | Refusal;
}

export interface Done {
  recorded: Item[];
  refused: [Item, Refusal][];
  /** How many have to be sent again. */
  again: number;
}

/** Refusals of these kinds pass; the event is kept and sent again. */
const PASSING = new Set(['paused', 'storage_full', 'shutting_down', 'overloaded', 'not_recording']);
/** These speak of the frame, not of the event, where it had more than one. */
const OF_THE_FRAME = new Set(['too_large', 'batch_too_large']);

export function passes(code: string): boolean {
  return PASSING.has(code);
}

export class Queue {
  #waiting: Item[] = [];
  #head = 0;
  #sent: Item[][] = [];
  #frames = 0;
  #acked = 0;
  #nth = 0;
  #bytes = 0;
  #inFlight = 0;
  #sentEvents = 0;
  /** Sessions of which the recorder acknowledged an event in this run. */
  readonly #known = new Set<string>();

  /** What it is about is read from its text where nobody knows. */
  push(kept: Kept, about: About = read(kept.text)): Item {
    this.#bytes += about.bytes;
    const { session, seq, event_id, bytes } = about;
    const item: Item = { key: kept.key, text: kept.text, nth: this.#nth++, session, seq, event_id, bytes };
    this.#waiting.push(item);
    return item;
  }

  /** Events that are not acknowledged. */
  get open(): number {
    return this.ready + this.#sentEvents;
  }

  /** Events that are not on their way. */
  get ready(): number {
    return this.#waiting.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get framesInFlight(): number {
    return this.#sent.length;
  }

  get bytesInFlight(): number {
    return this.#inFlight;
  }

  sessions(): Set<string> {
    const all = [...this.#sent.flat(), ...this.#waiting.slice(this.#head)];
    return new Set(all.map((item) => item.session));
  }

  /** The next events, which are now on their way as one frame; none where nothing waits. */
  take(mostEvents: number, mostBytes: number): Item[] {
    const frame: Item[] = [];
    let bytes = 0;
    for (;;) {
      const item = this.#waiting[this.#head];
      if (item === undefined || frame.length >= mostEvents) break;
      // two for the brackets, one for each comma
      if (frame.length > 0 && bytes + item.bytes + frame.length + 2 > mostBytes) break;
      this.#head += 1;
      bytes += item.bytes;
      frame.push(item);
    }
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    if (frame.length > 0) {
      this.#sent.push(frame);
      this.#frames += 1;
      this.#inFlight += bytes;
      this.#sentEvents += frame.length;
    }
    return frame;
  }

  /** Takes out the next event where it is larger than any frame may be. */
  takeOversize(mostBytes: number): Item | undefined {
    const item = this.#waiting[this.#head];
    if (item === undefined || item.bytes <= mostBytes) return undefined;
    this.#head += 1;
    this.#bytes -= item.bytes;
    return item;
  }

  /** What was said of one event of a frame, or of the frame as a whole. */
  judge(frame: number, index: number | undefined, refusal: Refusal): Item[] {
    const items = this.#sent[frame - this.#acked - 1] ?? [];
    const judged = index === undefined ? items : items.slice(index, index + 1);
    const whole = items.length > 1 && OF_THE_FRAME.has(refusal.code);
    for (const item of judged) item.verdict = whole || passes(refusal.code) ? 'again' : refusal;
    return judged;
  }

  item(frame: number, index: number): Item | undefined {
    return this.#sent[frame - this.#acked - 1]?.[index];
  }

  /** Frames up to `through` are dealt with. */
  ack(through: number): Done {
    const done: Done = { recorded: [], refused: [], again: 0 };
    const back: Item[] = [];
    while (this.#acked < Math.min(through, this.#frames)) {
      this.#acked += 1;
      for (const item of this.#sent.shift() ?? []) {
        this.#inFlight -= item.bytes;
        this.#sentEvents -= 1;
        const { verdict } = item;
        delete item.verdict;
        if (verdict === 'again') {
          back.push(item);
          continue;
        }
        this.#bytes -= item.bytes;
        if (verdict) done.refused.push([item, verdict]);
        else done.recorded.push(item);
        if (!verdict) this.#known.add(item.session);
      }
    }
    done.again = back.length;
    this.#putBack(back);
    return done;
  }

  /** A new connection: its frames count from 1, all that is open goes again. */
  reconnected(): void {
    const back = this.#sent.flat();
    for (const item of back) delete item.verdict;
    this.#sent = [];
    this.#frames = this.#acked = this.#inFlight = this.#sentEvents = 0;
    this.#putBack(back);
  }

  /**
   * Takes out what the recorder shows to have. That a number is on its disk says so only where no one else numbers events of this
   * session: it has to be a session of this run, of which it acknowledged an event before (another client would have begun at 1, too,
   * and there would be more events than numbers). In doubt an event is sent again, and the recorder knows it by its id.
   */
  cover(sessions: Record<string, Resumed>, isOwn: (session: string) => boolean): Item[] {
    const covered: Item[] = [];
    const rest: Item[] = [];
    for (const item of this.#waiting.slice(this.#head)) {
      const has = sessions[item.session];
      const sure = has && isOwn(item.session) && this.#known.has(item.session) && isPlain(has);
      (sure && isOnDisk(item.seq, has) ? covered : rest).push(item);
    }
    if (covered.length === 0) return covered;
    this.#waiting = rest;
    this.#head = 0;
    for (const item of covered) this.#bytes -= item.bytes;
    return covered;
  }

  #putBack(items: Item[]): void {
    if (items.length === 0) return;
    this.#waiting = [...items, ...this.#waiting.slice(this.#head)].sort((a, b) => a.nth - b.nth);
    this.#head = 0;
  }
}

function read(text: string): About {
  const {
    session_id,
    seq = 0,
    event_id,
  } = JSON.parse(text) as {
    session_id: string;
    seq?: number;
    event_id?: string;
  };
  return { session: session_id, seq, event_id, bytes: utf8Length(text) };
}

/** Each number up to the last stands for one event. */
function isPlain({ last_seq, events, missing }: Resumed): boolean {
  return events === missing.reduce((left, [from, to]) => left - (to - from + 1), last_seq);
}

function isOnDisk(seq: number, { last_seq, missing }: Resumed): boolean {
  return seq >= 1 && seq <= last_seq && !missing.some(([from, to]) => from <= seq && seq <= to);
}
