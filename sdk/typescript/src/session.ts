// One conversation: what is called on it becomes events.
//
// Owns the session's numbers and times: `seq` counts from 1 without a hole, and no event is older than the one before it, also where
// the clock goes back. Sends nothing itself.

import { checkFields } from './check.js';
import { EventError } from './errors.js';
import type {
  EndFields,
  EventOptions,
  Fields,
  MessageFields,
  Receipt,
  Role,
  SessionStart,
  SnapshotAnswer,
  SnapshotBody,
  ToolCallFields,
  ToolResultFields,
  UpdateFields,
  When,
} from './events.js';
import type { About } from './queue.js';
import { Transcript } from './transcript.js';
import { uuidv7 } from './uuid.js';

/** What a session needs of its recorder. */
export interface Recording {
  /** Throws at once where the event is not taken over; resolves once it is in the outbox. */
  keep(text: string, about: Omit<About, 'bytes'>): Promise<void>;
  snapshot(session: Session, body: SnapshotBody): Promise<SnapshotAnswer>;
  recall(session: Session, body: SnapshotBody): void;
  ended(session: Session): void;
}

export interface SessionBegin {
  id: string;
  /** The number of its last event. */
  lastSeq: number;
  /** Its id was made here. */
  isMinted: boolean;
  snapshotBytes: number;
}

export class Session {
  readonly id: string;
  readonly transcript: Transcript;
  /** Whether all numbers of this session were given here. */
  isOwn: boolean;
  /** Nobody can go on with it in another run: it ends when the recorder is closed. */
  endsWithRun = false;
  #seq: number;
  #lastTime = 0;
  #isEnded = false;
  #unstarted: SessionStart | undefined;

  constructor(
    private readonly recording: Recording,
    begin: SessionBegin,
  ) {
    this.id = begin.id;
    this.isOwn = begin.isMinted;
    this.#seq = begin.lastSeq;
    this.transcript = new Transcript(begin.snapshotBytes);
  }

  /** The number of the last event. */
  get seq(): number {
    return this.#seq;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Begins, or goes on. Where the outbox does not take that, it is tried again with the next event. */
  start(fields: SessionStart): void {
    this.#unstarted = fields;
    try {
      this.#begin();
    } catch {
      // the next event says so
    }
  }

  /** Resolves once the message is in the outbox. */
  async message(fields: MessageFields & { timestamp?: When }): Promise<Receipt> {
    checkFields('message', fields, { role: 'text', content: 'content' });
    const { timestamp, ...data } = fields;
    const event_id = uuidv7();
    return this.event(
      'message',
      { ...data, message_id: data.message_id ?? event_id },
      { event_id, ...when(timestamp) },
    );
  }

  /** More of a message that streams in. */
  async delta(message_id: string, delta: string, role?: Role): Promise<Receipt> {
    checkFields('delta', { message_id, delta }, { message_id: 'text', delta: 'text' });
    return this.event('message_delta', { message_id, delta, ...(role === undefined ? {} : { role }) });
  }

  async toolCall(fields: ToolCallFields & { timestamp?: When }): Promise<Receipt> {
    checkFields('toolCall', fields, { name: 'text' });
    const { timestamp, ...data } = fields;
    return this.event('tool_call', data, when(timestamp));
  }

  async toolResult(fields: ToolResultFields & { timestamp?: When }): Promise<Receipt> {
    checkFields('toolResult', fields, {});
    const { timestamp, ...data } = fields;
    return this.event('tool_result', data, when(timestamp));
  }

  async update(fields: UpdateFields): Promise<Receipt> {
    checkFields('update', fields, {});
    return this.event('session_update', { ...fields });
  }

  async end(fields: EndFields = {}): Promise<Receipt> {
    const kept = this.event('session_end', { ...fields });
    this.#isEnded = true;
    const receipt = await kept;
    this.recording.ended(this);
    return receipt;
  }

  /** The whole session as the application has it. Rejects where the recorder cannot be reached; it is tried again later then. */
  async snapshot(body: SnapshotBody): Promise<SnapshotAnswer> {
    this.transcript.give(body);
    return this.recording.snapshot(this, body);
  }

  /**
   * What was said before, in a run of which this one knows nothing. It is sent beside the events once the recorder is there, and the
   * recorder adds what it does not have. Kept in memory alone: the application has it.
   */
  recall(body: SnapshotBody): void {
    this.recording.recall(this, body);
  }

  /** Any event. Events take their places in the order of the calls. */
  async event(type: string, data: object = {}, options: EventOptions = {}): Promise<Receipt> {
    checkFields('event', data, {});
    this.#begin();
    const { receipt, kept } = this.#record(type, data, options);
    await kept;
    return receipt;
  }

  #begin(): void {
    const fields = this.#unstarted;
    if (fields === undefined) return;
    const { kept } = this.#record('session_start', fields, {});
    this.#unstarted = undefined;
    kept.catch(() => (this.#unstarted ??= fields));
  }

  /** Throws where there is no room: the number is not used then. */
  #record(type: string, data: object, options: EventOptions): { receipt: Receipt; kept: Promise<void> } {
    const event_id = options.event_id ?? uuidv7();
    const seq = options.seq ?? this.#seq + 1;
    const timestamp = this.#time(options.timestamp);
    const text = written({ session_id: this.id, event_type: type, event_id, seq, timestamp, data });
    const kept = this.recording.keep(text, { session: this.id, seq, event_id });
    if (options.seq !== undefined) this.isOwn = false;
    this.#seq = Math.max(this.#seq, seq);
    if (typeof timestamp === 'number') this.#lastTime = Math.max(this.#lastTime, timestamp);
    if (type !== 'session_end') this.#isEnded = false;
    this.transcript.apply(type, data as Fields, timestamp);
    return { receipt: { event_id, seq }, kept };
  }

  #time(given: When | undefined): number | string {
    if (given === undefined) return Math.max(Date.now(), this.#lastTime);
    const time = given instanceof Date ? given.getTime() : given;
    if (typeof time === 'number' && !Number.isFinite(time)) throw new EventError('the timestamp is no time');
    return typeof time === 'number' ? Math.round(time) : time;
  }
}

function when(timestamp: When | undefined): EventOptions {
  return timestamp === undefined ? {} : { timestamp };
}

function written(event: object): string {
  try {
    return JSON.stringify(event);
  } catch (error) {
    throw new EventError(`the event cannot be written as JSON: ${String(error)}`);
  }
}
