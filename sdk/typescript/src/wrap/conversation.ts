// Which session a request belongs to, and what of it is new.
//
// Owns the conversations that were seen, a bounded number of them. An application sends all that was said before with each request: the
// longest conversation that a request goes on from is the one that it belongs to. A session that was there before this process or page
// may have all of that: what comes again goes as a snapshot, in which the recorder finds what it has, and only what is new as events.

import type { Session } from '../session.js';
import { historyIn, namesOf, newsIn } from './history.js';
import type { Asked, Recorder, Turn, WrapOptions } from './turn.js';

interface Conversation {
  session: Session;
  /** What was said, a mark each. */
  marks: string[];
  /** Ids of answers, where the vendor keeps what was before. */
  answers: Set<string>;
  /** How often a name was given in this run: said again on purpose, it is another message. */
  named: Map<string, number>;
}

export interface Begun {
  session: Session;
  /** What the model says is what the next request has before it. */
  answered: (turn: Turn, id?: string) => void;
}

const MOST = 200;
/** Those of sessions that the application gives: it may wrap anew for each request. */
const GIVEN = new WeakMap<Session, Conversation>();

export class Conversations {
  #known: Conversation[] = [];

  constructor(
    private readonly recorder: Recorder,
    private readonly options: WrapOptions,
    private readonly provider: string,
  ) {}

  /** Records what is new of a request. */
  begin(asked: Asked): Begun {
    const marks = asked.turns.map(mark);
    const followed = this.#known.find(
      ({ answers }) => asked.previous !== undefined && answers.has(asked.previous),
    );
    const conversation = followed ?? this.#find(marks) ?? this.#start(asked);
    this.#record(conversation, asked, marks, followed ? 0 : common(conversation.marks, marks));
    conversation.marks = followed ? [...conversation.marks, ...marks] : marks;
    // the latest first; the oldest is forgotten
    this.#known = [conversation, ...this.#known.filter((one) => one !== conversation)].slice(0, MOST);
    return {
      session: conversation.session,
      answered: (turn, id) => {
        conversation.marks = [...conversation.marks, mark(turn)];
        if (id !== undefined) conversation.answers.add(id);
      },
    };
  }

  #find(marks: string[]): Conversation | undefined {
    const fits = (same: (known: string[]) => boolean) => this.#known.find((one) => same(one.marks));
    return (
      // an answer that the application has shortened is an answer all the same
      fits((known) => known.length <= marks.length && common(known, marks, exactly) === known.length) ??
      fits((known) => known.length <= marks.length && common(known, marks) === known.length) ??
      // asked for another answer
      fits(
        (known) =>
          known.length === marks.length + 1 &&
          isAnswer(known.at(-1)) &&
          common(known, marks) === marks.length,
      ) ??
      // all in one session: whatever is asked belongs there
      (this.options.session === undefined ? undefined : this.#known[0])
    );
  }

  #start({ model }: Asked): Conversation {
    const { session } = this.options;
    const about = { provider: this.provider, ...(model === undefined ? {} : { model }) };
    const found =
      typeof session === 'function'
        ? session()
        : session && 'transcript' in session
          ? session
          : this.recorder.session({ ...about, ...session });
    const known = GIVEN.get(found);
    if (known) return known;
    found.endsWithRun ||=
      typeof session !== 'function' && !(session && 'transcript' in session) && !session?.id;
    const conversation = { session: found, marks: [], answers: new Set<string>(), named: new Map() };
    if (session !== undefined) GIVEN.set(found, conversation);
    return conversation;
  }

  /** What is new from this turn on. */
  #record(conversation: Conversation, { turns, previous }: Asked, marks: string[], from: number): void {
    const { session } = conversation;
    if (session.isOwn) return this.#told(session, turns.slice(from), []);
    const names = namesOf(marks, previous);
    // calls that come again are known by their ids
    const isKnown = turns.slice(from, newsIn(turns)).every(({ content }) => content.length === 0);
    // where the vendor keeps what was before, nothing comes again
    const news = isKnown || previous !== undefined ? from : newsIn(turns);
    const fresh = names.slice(news).map((name) => again(name, conversation.named));
    this.#told(session, turns.slice(news), fresh);
    if (news === from) return;
    try {
      session.recall(historyIn(turns, news, fresh));
    } catch (error) {
      this.options.onError?.(error);
    }
  }

  #told(session: Session, turns: Turn[], names: string[]): void {
    const failed = this.options.onError ?? (() => undefined);
    for (const [i, { role, content, calls = [], results = [] }] of turns.entries()) {
      const message_id = names[i];
      const isEmpty = content.length === 0;
      if (!isEmpty)
        session.message({ role, content, ...(message_id === undefined ? {} : { message_id }) }).catch(failed);
      for (const call of calls) session.toolCall(call).catch(failed);
      for (const result of results) session.toolResult(result).catch(failed);
    }
  }
}

function again(name: string, named: Map<string, number>): string {
  const times = named.get(name) ?? 0;
  named.set(name, times + 1);
  return times === 0 ? name : `${name}-${times}`;
}

function mark({ role, content, results = [] }: Turn): string {
  const said = typeof content === 'string' ? content.trim() : JSON.stringify(content);
  return `${role}:${said}:${results.map(({ call_id }) => call_id).join()}`;
}

function isAnswer(mark: string | undefined): boolean {
  return mark?.startsWith('assistant:') === true;
}

function exactly(a: string | undefined, b: string | undefined): boolean {
  return a === b;
}

function roughly(a: string | undefined, b: string | undefined): boolean {
  return a === b || (isAnswer(a) && isAnswer(b));
}

function common(a: string[], b: string[], same = roughly): number {
  let n = 0;
  while (n < a.length && n < b.length && same(a[n], b[n])) n += 1;
  return n;
}
