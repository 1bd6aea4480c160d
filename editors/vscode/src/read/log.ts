// The log of changes that VS Code writes of a chat (`chatSessions/ID.jsonl`), replayed to the chat it stands for.
//
// Owns the entries and their order. Never fails: an entry that has no place is counted and passed over. For a log that the editor
// can read, the state is the editor's.

import { object, type Json, type JsonObject } from './json';

/** Places that an entry may make behind the end of a list: more would be damage, not a chat. */
const MOST_PADDING = 10_000;

export class ChatLog {
  #state: JsonObject = { requests: [] };
  #begun = false;
  #misfits = 0;

  /** The chat as it is now. */
  get state(): JsonObject {
    return this.#state;
  }

  /** The first entry was there, or something was read all the same. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Entries that had no place. */
  get misfits(): number {
    return this.#misfits;
  }

  /** Takes the next entry; whether it had a place. */
  apply(entry: Json | undefined): boolean {
    const fields = object(entry);
    const done = fields !== undefined && this.#entry(fields);
    if (done) this.#begun = true;
    else this.#misfits += 1;
    return done;
  }

  #entry(entry: JsonObject): boolean {
    const value = entry['v'];
    if (entry['kind'] === 0) {
      const state = object(value);
      if (state === undefined) return false;
      this.#state = state;
      return true;
    }
    const path = way(entry['k']);
    if (path === undefined) return false;
    switch (entry['kind']) {
      case 1:
        return this.#set(path, value);
      case 2:
        return this.#push(path, value, entry['i']);
      case 3:
        return this.#set(path, undefined);
      default:
        return false;
    }
  }

  /** Sets what is at the end of the way, or takes it away. */
  #set(path: Way, value: Json | undefined): boolean {
    const last = path.at(-1);
    const holder = this.#reach(path.slice(0, -1), typeof last === 'number');
    if (Array.isArray(holder) && typeof last === 'number') {
      if (!pad(holder, last)) return false;
      holder[last] = value ?? null;
      return true;
    }
    const fields = object(holder);
    if (fields === undefined || typeof last !== 'string') return false;
    if (value === undefined) delete fields[last];
    else fields[last] = value;
    return true;
  }

  /** Adds to a list, which is cut first where the entry says at which place. */
  #push(path: Way, value: Json | undefined, from: Json | undefined): boolean {
    if (value !== undefined && !Array.isArray(value)) return false;
    if (from !== undefined && from !== null && !isPlace(from)) return false;
    const target = this.#reach(path, true);
    if (!Array.isArray(target)) return false;
    if (typeof from === 'number') {
      if (!pad(target, from)) return false;
      target.length = from;
    }
    for (const item of value ?? []) target.push(item);
    return true;
  }

  /** What is at the end of the way; containers that are missing are made. */
  #reach(path: Way, asList: boolean): Json | undefined {
    let here: Json = this.#state;
    for (const [nth, key] of path.entries()) {
      const next = path[nth + 1];
      const wanted: Json = (next === undefined ? asList : typeof next === 'number') ? [] : {};
      if (typeof key === 'number') {
        if (!Array.isArray(here) || !pad(here, key)) return undefined;
        here = here[key] ??= wanted;
      } else {
        const fields: JsonObject | undefined = object(here);
        if (fields === undefined) return undefined;
        const found: Json | undefined = Object.hasOwn(fields, key) ? fields[key] : undefined;
        here = found ?? (fields[key] = wanted);
      }
    }
    return here;
  }
}

type Way = (string | number)[];

/** The way to what an entry is about; nothing where it is none. */
function way(keys: Json | undefined): Way | undefined {
  if (!Array.isArray(keys) || keys.length === 0) return undefined;
  const path: Way = [];
  for (const key of keys) {
    // this name would change what objects are, and no chat has it
    if (key === '__proto__') return undefined;
    if (typeof key === 'string' || isPlace(key)) path.push(key);
    else return undefined;
  }
  return path;
}

function isPlace(value: Json): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function pad(items: Json[], length: number): boolean {
  if (length > items.length + MOST_PADDING) return false;
  while (items.length < length) items.push(null);
  return true;
}
