// Where events are until the recorder has them on disk: what each kind of outbox can do.
//
// Owns the words. Invariant of every kind: what `add` resolved for is given again by the next `open` or `adopt`, in the order of the
// calls, until `remove` or `setAside` was called for it.

export type Key = string | number;

/** An event that waits. */
export interface Kept {
  key: Key;
  /** The event as JSON. */
  text: string;
}

/** Why an event is not recorded and not sent again. */
export interface Refusal {
  code: string;
  message: string;
}

export interface Outbox {
  readonly kind: 'file' | 'indexeddb' | 'memory';
  /** Takes a part of its own, in which only this recorder writes. Rejects where that cannot be. */
  open(): Promise<void>;
  /** Resolves once the event survives the end of this process or tab. */
  add(text: string): Promise<Key>;
  /** These are on the recorder's disk. */
  remove(keys: Key[]): void;
  /** This one was refused for good: kept aside for people, never sent again. */
  setAside(kept: Kept, refusal: Refusal): void;
  /** Takes over what processes or tabs left that are no more, up to `room` bytes. */
  adopt(room: number): Promise<Kept[]>;
  /** Ends; what waits stays for the next one. */
  close(): Promise<void>;
  /** Told what a person should know: damaged bytes that were set aside, say. */
  onTrouble?: (message: string) => void;
}

/** Bytes of a text in UTF-8, without making them. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x800) bytes += unit >= 0xd800 && unit <= 0xdfff ? 1 : 2;
    else if (unit >= 0x80) bytes += 1;
  }
  return bytes;
}
