// Which session a request belongs to, and what of it is new.
//
// Owns the conversations that were seen, a bounded number of them. An application sends all that was said before with each request: the
// longest conversation that a request goes on from is the one that it belongs to.

import type { Session } from '../session.js';
import type { Asked, Recorder, Turn, WrapOptions } from './turn.js';

interface Conversation {
  session: Session;
  /** What was said, a mark each. */
  marks: string[];
  /** Ids of answers, where the vendor keeps what was before. */
  answers: Set<string>;
}

export interface Begun {
  session: Session;
  /** What the model says is what the next request has before it. */
  answered: (turn: Turn, id?: string) => void;
}

const MOST = 200;

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
    const from = followed ? 0 : common(conversation.marks, marks);
    this.#told(conversation.session, asked.turns.slice(from));
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
    return { session: found, marks: [], answers: new Set() };
  }

  #told(session: Session, turns: Turn[]): void {
    const failed = this.options.onError ?? (() => undefined);
    for (const { role, content, calls = [], results = [] } of turns) {
      const isEmpty = content.length === 0;
      if (!isEmpty) session.message({ role, content }).catch(failed);
      for (const call of calls) session.toolCall(call).catch(failed);
      for (const result of results) session.toolResult(result).catch(failed);
    }
  }
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
