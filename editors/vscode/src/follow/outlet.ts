// Where chats go that are followed.
//
// Owns nothing. Says what the follower needs of a recorder, so that it can be followed without one.

import type { Draft } from '../chat/drafts';
import type { Snapshot } from '../chat/snapshot';

export interface Outlet {
  /** Numbers them from behind `after`. Resolves with the last number when all of them are kept on this machine's disk, in their order. */
  send(session: string, drafts: Draft[], after: number): Promise<number>;
  /** Whether the recorder has it; its events are kept all the same. */
  snapshot(session: string, snapshot: Snapshot): Promise<boolean>;
  /** Resolves with the number that the end has. */
  end(session: string, reason: string, after: number): Promise<number>;
  /** Whether the recorder has this session; nothing where it cannot be asked now. */
  knows(session: string): Promise<boolean | undefined>;
}

/** Where things are told, without a word of what a chat says. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
}
