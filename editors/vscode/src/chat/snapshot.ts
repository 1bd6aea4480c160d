// A whole copy of a chat, which stands beside its events.
//
// Owns nothing: it is made of the same drafts, so that both say the same. Never has what is no message and no call.

import type { JsonObject } from '../read/json';
import type { Chat } from './chat';
import { draftsOf } from './drafts';
import { toText } from './time';

export interface Snapshot {
  provider?: string;
  editor?: string;
  workspace?: string;
  title?: string;
  model?: string;
  messages: JsonObject[];
  tool_calls: JsonObject[];
}

export function snapshotOf(chat: Chat): Snapshot {
  const messages: JsonObject[] = [];
  const calls = new Map<string, JsonObject>();
  for (const { name, type, at, data } of draftsOf(chat)) {
    const timed = { ...data, timestamp: toText(at) };
    if (type === 'message') messages.push(timed);
    if (type === 'tool_call') calls.set(name.slice(2), timed);
    if (type === 'tool_result') {
      const call = calls.get(name.slice(2));
      for (const field of ['output', 'is_error']) {
        const value = data[field];
        if (call !== undefined && value !== undefined) call[field] = value;
      }
    }
  }
  const snapshot: Snapshot = { messages, tool_calls: [...calls.values()] };
  if (chat.title !== undefined) snapshot.title = chat.title;
  if (chat.model !== undefined) snapshot.model = chat.model;
  return snapshot;
}
