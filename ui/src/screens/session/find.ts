// Finding words within a session.
//
// Pure, but for a cache of lower-case texts. Looks at everything that the transcript can show, folded parts too.

import { readable, textOf } from './content';
import type { Entry } from './transcript';

const texts = new WeakMap<object, string>();

function made(owner: object, make: () => string): string {
  let text = texts.get(owner);
  if (text === undefined) texts.set(owner, (text = make().toLowerCase()));
  return text;
}

export function textOfEntry(entry: Entry): string {
  switch (entry.kind) {
    case 'message':
      return made(entry.message, () => textOf(entry.message.content));
    case 'tool':
      return made(entry.call, () =>
        [entry.call.name, readable(entry.call.arguments), readable(entry.call.output)].join('\n'),
      );
    case 'other':
      return made(entry.events, () => entry.events.map((stored) => JSON.stringify(stored.event)).join('\n'));
    case 'gap':
    case 'missing':
    case 'recovery':
    case 'day':
      return '';
  }
}

/** The entries that have these words, in order. */
export function find(entries: readonly Entry[], words: string): number[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return [];
  const found: number[] = [];
  entries.forEach((entry, index) => {
    if (textOfEntry(entry).includes(wanted)) found.push(index);
  });
  return found;
}

/** The ranges of these words in what is on show. */
export function ranges(root: Node, words: string, most = 2_000): Range[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return [];
  const list: Range[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && list.length < most; node = walker.nextNode()) {
    const text = (node.nodeValue ?? '').toLowerCase();
    for (
      let at = text.indexOf(wanted);
      at >= 0 && list.length < most;
      at = text.indexOf(wanted, at + wanted.length)
    ) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + wanted.length);
      list.push(range);
    }
  }
  return list;
}
