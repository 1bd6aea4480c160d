// What an application sends again: the part of a request that was said before, and names by which the recorder knows it again.
//
// Owns both. Keeps nothing and asks nobody, for after a reload there is nobody to ask: a message gets its name from what it says and
// what was said before it, so the same message in the same place has the same name in every run. An answer has none (what streams in
// is named before its text is known): the recorder finds it by its text, in its place among the others.

import type { SnapshotBody } from '../events.js';
import type { Turn } from './turn.js';

type ToolCall = NonNullable<SnapshotBody['tool_calls']>[number];

const LANES = [0x811c9dc5, 0x2f0b4c47, 0x6b43a9b5, 0x9e3779b9];

/** Where what is new begins: behind the last answer that something was said after. */
export function newsIn(turns: Turn[]): number {
  const isAnswer = ({ role }: Turn): boolean => role === 'assistant';
  // an answer that is the last was begun by the application
  const last = turns.findLastIndex((turn) => !isAnswer(turn));
  return turns.slice(0, last + 1).findLastIndex(isAnswer) + 1;
}

/** A name for each mark; `previous` stands for what the vendor keeps. */
export function namesOf(marks: string[], previous = ''): string[] {
  let before = previous;
  return marks.map((mark) => {
    const name = hash(`${before}\n${mark}`);
    // what the model is told besides may have today's date in it
    if (!mark.startsWith('system:')) before = name;
    return `said-${name}`;
  });
}

/** All of a request, as the application has it. Only what is new has names, beginning with the first. */
export function historyIn(turns: Turn[], news: number, names: string[]): SnapshotBody {
  const calls = new Map<string, ToolCall>();
  const messages: SnapshotBody['messages'] = [];
  turns.forEach((turn, i) => {
    const { role, content } = turn;
    const name = names[i - news];
    if (content.length > 0)
      messages.push({ role, content, ...(name === undefined ? {} : { message_id: name }) });
    if (i < news) gather(turn, calls);
  });
  return { messages, tool_calls: [...calls.values()] };
}

function gather({ calls = [], results = [] }: Turn, found: Map<string, ToolCall>): void {
  for (const call of calls) found.set(call.call_id ?? `#${found.size}`, { ...call });
  for (const { call_id, name, ...said } of results) {
    const known = call_id === undefined ? undefined : found.get(call_id);
    if (known) Object.assign(known, said);
    else if (call_id !== undefined) found.set(call_id, { name: name ?? 'tool', call_id, ...said });
  }
}

/** 128 bits; nobody is kept out by them. */
function hash(text: string): string {
  const lanes = Uint32Array.from(LANES);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    for (let lane = 0; lane < lanes.length; lane++) {
      const mixed = Math.imul((lanes[lane] ?? 0) ^ unit, 0x01000193 + 2 * lane * lane);
      lanes[lane] = mixed ^ (mixed >>> (13 + lane));
    }
  }
  return [...lanes].map((lane) => lane.toString(16).padStart(8, '0')).join('');
}
